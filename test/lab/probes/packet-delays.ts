/**
 * Delays of numbered datagrams, each way. Two programs in one:
 *
 * `packet-delays serve` answers every datagram at once and prints the port it listens at.
 * `packet-delays measure HOST PORT COUNT INTERVAL_MS BYTES` sends at a steady rate, whether answers come or not, and
 * prints a JSON array: of each datagram when it was sent, when it came to the server and when the answer was back, in
 * microseconds of the lab's one clock; null if there was no answer.
 */
import { monotonicMicros } from '../monotonic.ts';
import { openSocket } from './shared/udp-end.ts';

/** Number (4), then the two stamps (8 each, double). */
const HEADER_BYTES = 20;
/** Connection tracking, neighbours and code are warm after these; they are not told. */
const WARM_UP_PACKETS = 25;
/** Longer than a link holds a packet or a tunnel repeats it. */
const DRAIN_MS = 1000;

const [role, host = '', ...numbers] = process.argv.slice(2);
if (role === 'serve') {
  serve();
} else {
  const [port = 0, count = 0, intervalMs = 0, sizeBytes = 0] = numbers.map(Number);
  const packets = await measure(host, port, count, intervalMs, sizeBytes);
  process.stdout.write(`${JSON.stringify(packets)}\n`, () => process.exit(0));
}

function serve(): void {
  const socket = openSocket('udp4');
  socket.on('message', (datagram, source) => {
    datagram.writeDoubleBE(monotonicMicros(), 12);
    socket.send(datagram, source.port, source.address);
  });
  socket.bind(0, () => process.stdout.write(`port ${socket.address().port}\n`));
}

async function measure(
  host: string,
  port: number,
  count: number,
  intervalMs: number,
  sizeBytes: number,
): Promise<(readonly [number, number, number] | null)[]> {
  const socket = openSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(port, host, resolve));
  const total = WARM_UP_PACKETS + count;
  const packets = new Array<readonly [number, number, number] | null>(total).fill(null);
  socket.on('message', (datagram) => {
    const now = monotonicMicros();
    // The first of two copies counts.
    packets[datagram.readUInt32BE(0)] ??= [
      Math.round(datagram.readDoubleBE(4)),
      Math.round(datagram.readDoubleBE(12)),
      Math.round(now),
    ];
  });
  const startedMicros = monotonicMicros();
  for (let number = 0; number < total; number++) {
    const leftMs = startedMicros / 1000 + number * intervalMs - monotonicMicros() / 1000;
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    const datagram = Buffer.alloc(Math.max(sizeBytes, HEADER_BYTES));
    datagram.writeUInt32BE(number, 0);
    datagram.writeDoubleBE(monotonicMicros(), 4);
    socket.send(datagram);
  }
  await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  return packets.slice(WARM_UP_PACKETS);
}
