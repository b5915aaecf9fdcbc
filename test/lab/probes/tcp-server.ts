/** The internet server for TCP: downloads, uploads and echoes, as each connection's first line asks. */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { readGreeting } from './shared/greeting.ts';
import { serveRequests } from './shared/line-rpc.ts';
import type { TcpServerRequests, TransferPlan, TransferReport } from './shared/requests.ts';
import { TransferReceiver, TransferSender } from './shared/transfer-end.ts';

interface Transfer {
  readonly source: string;
  report(): TransferReport;
  longestStall(fromMicros: number, untilMicros: number): number;
}

const transfers = new Map<string, Transfer>();

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  readGreeting(socket).then(
    (greeting) => {
      if (greeting.kind === 'echo') socket.on('error', () => undefined).pipe(socket);
      else transfers.set(greeting.id, serveTransfer(socket, greeting));
    },
    // The client went before it had said what it wanted.
    () => undefined,
  );
});

serveRequests<TcpServerRequests>({
  listen: async ({ port }) => {
    await new Promise<void>((resolve) => server.listen(port, '::', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return { port: address.port };
  },
  report: ({ id }) => transfer(id).report(),
  longestStall: ({ id, fromMicros, untilMicros }) => transfer(id).longestStall(fromMicros, untilMicros),
  source: ({ id }) => transfer(id).source,
});

function transfer(id: string): Transfer {
  const known = transfers.get(id);
  if (known === undefined) throw new Error(`no transfer ${id}`);
  return known;
}

function serveTransfer(socket: Socket, plan: TransferPlan): Transfer {
  const source = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (plan.kind === 'upload') {
    const receiver = new TransferReceiver(socket, plan.hashes);
    // The client reads the end of this direction as "all of it has arrived".
    void receiver.done.then(() => socket.end());
    socket.resume();
    return {
      source,
      report: () => receiver.report(),
      longestStall: (from, until) => receiver.longestStall(from, until),
    };
  }
  const sender = new TransferSender(socket, plan);
  // The client ends its direction to say that it wants no more.
  socket.on('end', () => sender.stop());
  socket.resume();
  return { source, report: () => sender.report(), longestStall: () => 0 };
}
