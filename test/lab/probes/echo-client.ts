/** An SSH-like session: one TCP connection, a small request every now and then, an answer to each. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { monotonicMicros } from '../monotonic.ts';
import { percentiles } from './shared/arrival-log.ts';
import { serveRequests } from './shared/line-rpc.ts';
import { lowerBound } from './shared/lower-bound.ts';
import type { EchoClientRequests, EchoReport, EchoWindow } from './shared/requests.ts';

/** As large as an encrypted key stroke of SSH. */
const REQUEST_BYTES = 64;
/** More than five hours of requests at the usual 50 ms. */
const MOST_REQUESTS = 400_000;

const askedMicros = new Float64Array(MOST_REQUESTS);
const answeredMicros = new Float64Array(MOST_REQUESTS);
let asked = 0;
let answered = 0;
let pendingBytes = 0;
let error: string | null = null;
let isFinishing = false;
let patienceMicros = 0;

serveRequests<EchoClientRequests>({
  start: async ({ host, port, intervalMs, patienceMs }) => {
    patienceMicros = patienceMs * 1000;
    const socket = connect({ host, port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.write(`${JSON.stringify({ kind: 'echo' })}\n`);
    socket.on('data', takeAnswer);
    socket.on('error', (cause: NodeJS.ErrnoException) => fail(cause.code ?? cause.message));
    socket.on('close', () => {
      if (!isFinishing) fail('closed');
    });
    const timer = setInterval(() => {
      if (error !== null || isFinishing) clearInterval(timer);
      else ask(socket);
    }, intervalMs);
    return null;
  },
  window: ({ fromMicros, untilMicros }) => window(fromMicros, untilMicros),
  finish: async ({ timeoutMs }) => {
    isFinishing = true;
    const deadline = monotonicMicros() + timeoutMs * 1000;
    while (answered < asked && error === null && monotonicMicros() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const missing = answered < asked ? `${asked - answered} requests without an answer` : null;
    return { asked, answered, error: error ?? missing } satisfies EchoReport;
  },
});

function ask(socket: Socket): void {
  const now = monotonicMicros();
  if (answered < asked && now - (askedMicros[answered] ?? now) > patienceMicros) fail('no answer in time');
  askedMicros[asked++] = now;
  socket.write(Buffer.alloc(REQUEST_BYTES, asked & 0xff));
}

function takeAnswer(piece: Buffer): void {
  const now = monotonicMicros();
  pendingBytes += piece.length;
  for (; pendingBytes >= REQUEST_BYTES; pendingBytes -= REQUEST_BYTES) answeredMicros[answered++] = now;
}

function fail(reason: string): void {
  error ??= reason;
}

function window(fromMicros: number, untilMicros: number): EchoWindow {
  const now = monotonicMicros();
  const roundTrips: number[] = [];
  const first = lowerBound(askedMicros, asked, fromMicros);
  const end = lowerBound(askedMicros, asked, untilMicros);
  for (let index = first; index < end; index++) {
    roundTrips.push((index < answered ? (answeredMicros[index] ?? now) : now) - (askedMicros[index] ?? now));
  }
  const spread = percentiles(roundTrips);
  return {
    asked: end - first,
    answered: Math.max(0, Math.min(end, answered) - first),
    worstMicros: spread?.max ?? 0,
    medianMicros: spread?.median ?? 0,
  };
}
