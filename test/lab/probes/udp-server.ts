/** The internet server's end of the numbered stream: answers to wherever the client's last datagram came from. */
import { serveRequests } from './shared/line-rpc.ts';
import type { UdpServerRequests } from './shared/requests.ts';
import { UdpEnd, datagramKind, helloDatagram, openSocket, planOfHello } from './shared/udp-end.ts';

const socket = openSocket('udp6');
let end: UdpEnd | null = null;
let sourceAddress: string | null = null;
let sourcePort = 0;

socket.on('message', (datagram, source) => {
  const kind = datagramKind(datagram);
  if (kind === null) return;
  if (sourcePort !== source.port || sourceAddress !== source.address) {
    sourceAddress = source.address;
    sourcePort = source.port;
  }
  if (kind === 'data') {
    end?.take(datagram);
    return;
  }
  const plan = planOfHello(datagram);
  socket.send(helloDatagram(plan), sourcePort, sourceAddress);
  if (end !== null) return;
  const started = new UdpEnd(plan, (out) =>
    socket.send(out, sourcePort, sourceAddress ?? '', (error) => {
      if (error !== null) started.noteRefusal();
    }),
  );
  end = started;
  started.start();
});
socket.on('error', () => undefined);

serveRequests<UdpServerRequests>({
  listen: async ({ port }) => {
    await new Promise<void>((resolve) => socket.bind(port, '::', resolve));
    return { port: socket.address().port };
  },
  source: () => sourceAddress?.replace(/^::ffff:/, '') ?? null,
  sent: (params) => running().sent(params),
  received: (params) => running().received(params),
  arrivals: (params) => running().arrivals(params),
  halt: () => running().halt(null),
});

function running(): ReturnType<UdpEnd['handlers']> {
  if (end === null) throw new Error('no client has come');
  return end.handlers();
}
