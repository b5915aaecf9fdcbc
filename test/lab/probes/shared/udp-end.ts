import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { monotonicMicros } from '../../monotonic.ts';
import { ArrivalLog } from './arrival-log.ts';
import type { Handlers } from './line-rpc.ts';
import { DATAGRAM_HEADER_BYTES, DATAGRAM_MAGIC, DATAGRAM_TYPE, NumberedSender } from './numbered-sender.ts';
import type { UdpEndRequests } from './requests.ts';

/** What both ends of the numbered stream agree on in the hello datagram. */
export interface StreamPlan {
  readonly packetsPerSecond: number;
  readonly sizeBytes: number;
  readonly expectedSeconds: number;
}

/** One end of the numbered stream: a sender and a log of arrivals over one socket. */
export class UdpEnd {
  readonly #log: ArrivalLog;
  readonly #sender: NumberedSender;

  constructor(plan: StreamPlan, send: (datagram: Uint8Array) => void) {
    const capacity = Math.ceil(plan.packetsPerSecond * plan.expectedSeconds);
    this.#log = new ArrivalLog(capacity);
    this.#sender = new NumberedSender(plan.packetsPerSecond, plan.sizeBytes, capacity, send, (now) =>
      this.#log.ownPauses.tick(now),
    );
  }

  start(): void {
    this.#sender.start();
  }

  /** Takes a data datagram. */
  take(datagram: Buffer): void {
    const arrivedMicros = monotonicMicros();
    this.#log.record(
      datagram.readUInt32BE(8),
      datagram.readDoubleBE(16),
      datagram.readUInt32BE(12),
      arrivedMicros,
    );
  }

  noteRefusal(): void {
    this.#sender.noteRefusal();
  }

  /** The requests this end answers. */
  handlers(): Handlers<UdpEndRequests> {
    return {
      sent: ({ fromMicros, untilMicros }) => this.#sender.sent(fromMicros, untilMicros),
      received: ({ first, end }) => this.#log.received(first, end),
      arrivals: ({ fromMicros, untilMicros }) => this.#log.arrivals(fromMicros, untilMicros),
      halt: () => {
        this.#sender.halt();
        return null;
      },
    };
  }
}

/** Makes a datagram that asks the server to take part, or the server's answer to it. */
export function helloDatagram(plan: StreamPlan): Buffer {
  const body = Buffer.from(JSON.stringify(plan));
  const datagram = Buffer.alloc(DATAGRAM_HEADER_BYTES + body.length);
  datagram.writeUInt32BE(DATAGRAM_MAGIC, 0);
  datagram.writeUInt32BE(DATAGRAM_TYPE.hello, 4);
  body.copy(datagram, DATAGRAM_HEADER_BYTES);
  return datagram;
}

/** Tells a datagram's kind; null for what is not ours. */
export function datagramKind(datagram: Buffer): 'hello' | 'data' | null {
  if (datagram.length < DATAGRAM_HEADER_BYTES || datagram.readUInt32BE(0) !== DATAGRAM_MAGIC) return null;
  return datagram.readUInt32BE(4) === DATAGRAM_TYPE.hello ? 'hello' : 'data';
}

/** Reads the plan out of a hello datagram. */
export function planOfHello(datagram: Buffer): StreamPlan {
  return JSON.parse(datagram.toString('utf8', DATAGRAM_HEADER_BYTES)) as StreamPlan;
}

/** Opens a socket whose sends by address cost no resolver and whose buffers ride out a pause of the process. */
export function openSocket(type: 'udp4' | 'udp6'): Socket {
  const family = type === 'udp4' ? 4 : 6;
  return createSocket({
    type,
    lookup: (host, _options, callback) => callback(null, host, family),
    // A second of the stream with all its bookkeeping in the kernel.
    recvBufferSize: 4 * 1024 * 1024,
    sendBufferSize: 1024 * 1024,
  });
}
