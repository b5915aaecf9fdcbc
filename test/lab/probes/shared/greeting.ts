import type { Socket } from 'node:net';
import type { TransferPlan } from './requests.ts';

/** The first line a client sends on a TCP connection: what it wants. */
export type Greeting = { readonly kind: 'echo' } | TransferPlan;

/** Reads the greeting line and puts what follows back for whoever reads next. */
export function readGreeting(socket: Socket): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const take = (piece: Buffer): void => {
      head = Buffer.concat([head, piece]);
      const end = head.indexOf(0x0a);
      if (end < 0) return;
      socket.off('data', take);
      socket.off('error', reject);
      socket.pause();
      if (end + 1 < head.length) socket.unshift(head.subarray(end + 1));
      resolve(JSON.parse(head.toString('utf8', 0, end)) as Greeting);
    };
    socket.on('data', take);
    socket.once('error', reject);
  });
}
