/** The laptop's end of one TCP download or upload. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { serveRequests } from './shared/line-rpc.ts';
import type { TcpClientRequests, TransferPlan } from './shared/requests.ts';
import { TransferReceiver, TransferSender } from './shared/transfer-end.ts';

interface Running {
  readonly end: TransferReceiver | TransferSender;
  /** Settles when the transfer is over at both ends. */
  readonly over: Promise<unknown>;
  stop(): void;
}

let running: Running | null = null;

serveRequests<TcpClientRequests>({
  start: async ({ host, port, plan }) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.write(`${JSON.stringify(plan)}\n`);
    running = plan.kind === 'download' ? download(socket, plan) : upload(socket, plan);
    return null;
  },
  report: () => current().end.report(),
  longestStall: ({ fromMicros, untilMicros }) => {
    const { end } = current();
    return end instanceof TransferReceiver ? end.longestStall(fromMicros, untilMicros) : 0;
  },
  finish: async ({ timeoutMs }) => {
    const { end, over, stop } = current();
    stop();
    const timeout = new Promise((resolve) => setTimeout(resolve, timeoutMs, 'timeout'));
    const outcome = await Promise.race([over, timeout]);
    const report = end.report();
    return outcome === 'timeout' ? { ...report, error: report.error ?? 'did not end in time' } : report;
  },
});

function current(): Running {
  if (running === null) throw new Error('the transfer has not started');
  return running;
}

function download(socket: Socket, plan: TransferPlan): Running {
  const end = new TransferReceiver(socket, plan.hashes);
  void end.done.then(() => socket.end());
  return { end, over: end.done, stop: () => plan.bytes === 0 && socket.end() };
}

function upload(socket: Socket, plan: TransferPlan): Running {
  const end = new TransferSender(socket, plan);
  const confirmed = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  socket.resume();
  return { end, over: Promise.all([end.done, confirmed]), stop: () => plan.bytes === 0 && end.stop() };
}
