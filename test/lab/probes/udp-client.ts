/** The laptop's end of the numbered stream. */
import { isIPv6 } from 'node:net';
import type { Socket } from 'node:dgram';
import { serveRequests } from './shared/line-rpc.ts';
import type { UdpClientRequests } from './shared/requests.ts';
import { UdpEnd, datagramKind, helloDatagram, openSocket } from './shared/udp-end.ts';
import type { StreamPlan } from './shared/udp-end.ts';

let end: UdpEnd | null = null;

serveRequests<UdpClientRequests>({
  start: async ({ host, port, ...plan }) => {
    const socket = openSocket(isIPv6(host) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.connect(port, host, resolve));
    await greet(socket, plan);
    const started = new UdpEnd(plan, (datagram) =>
      socket.send(datagram, (error) => {
        if (error !== null) started.noteRefusal();
      }),
    );
    end = started;
    socket.on('message', (datagram) => {
      if (datagramKind(datagram) === 'data') started.take(datagram);
    });
    // An unreachable network is reported by the socket as well as by the send; it is a gap, not an end.
    socket.on('error', () => undefined);
    started.start();
    return null;
  },
  sent: (params) => running().sent(params),
  received: (params) => running().received(params),
  arrivals: (params) => running().arrivals(params),
  halt: () => running().halt(null),
});

function running(): ReturnType<UdpEnd['handlers']> {
  if (end === null) throw new Error('the stream has not started');
  return end.handlers();
}

/** Asks until the server answers; gives up after five seconds. */
async function greet(socket: Socket, plan: StreamPlan): Promise<void> {
  const hello = helloDatagram(plan);
  const answered = new Promise<void>((resolve) => {
    socket.once('message', () => resolve());
  });
  const timer = setInterval(() => socket.send(hello, () => undefined), 50);
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('the server does not answer')), 5000).unref();
  });
  try {
    await Promise.race([answered, timeout]);
  } finally {
    clearInterval(timer);
  }
}
