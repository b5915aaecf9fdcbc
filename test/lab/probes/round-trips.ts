/**
 * Round trips of small requests over one TCP connection, one at a time. Two programs in one:
 *
 * `round-trips serve` answers everything that comes in and prints the port it listens at.
 * `round-trips measure HOST PORT COUNT INTERVAL_MS` prints the round trips in microseconds as a JSON array.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { monotonicMicros } from '../monotonic.ts';

/** As large as the data of an ordinary ping. */
const REQUEST_BYTES = 64;
/** The connection and the code are warm after these; they are not told. */
const WARM_UP_REQUESTS = 20;

const [role, host = '', ...numbers] = process.argv.slice(2);
if (role === 'serve') {
  serve();
} else {
  const [port = 0, count = 0, intervalMs = 0] = numbers.map(Number);
  const roundTrips = await measure(host, port, count, intervalMs);
  process.stdout.write(`${JSON.stringify(roundTrips)}\n`);
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (piece) => socket.write(piece));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, () => process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`));
}

async function measure(host: string, port: number, count: number, intervalMs: number): Promise<number[]> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const roundTrips: number[] = [];
  for (let request = 0; request < WARM_UP_REQUESTS + count; request++) {
    const micros = await roundTrip(socket);
    if (request >= WARM_UP_REQUESTS) roundTrips.push(Math.round(micros));
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  socket.destroy();
  return roundTrips;
}

function roundTrip(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let missing = REQUEST_BYTES;
    const startedMicros = monotonicMicros();
    const take = (piece: Buffer): void => {
      missing -= piece.length;
      if (missing > 0) return;
      const micros = monotonicMicros() - startedMicros;
      socket.off('data', take).off('close', fail);
      resolve(micros);
    };
    const fail = (): void => reject(new Error('the connection ended'));
    socket.on('data', take).once('close', fail);
    socket.write(Buffer.alloc(REQUEST_BYTES, 1));
  });
}
