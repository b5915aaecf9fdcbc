import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { randomInt } from 'node:crypto';
import { decode, encode } from 'dns-packet';

/** Asks a name server whether it serves whoever comes from an address of ours. */
export type AskServer = (server: string, from: string) => Promise<boolean>;

/** A server behind a slow line answers within this time; questions for names wait for nothing meanwhile. */
const ANSWER_WITHIN_MS = 1_000;
const ATTEMPTS = 3;
const DNS_PORT = 53;

/**
 * Asks a name server for the servers of the root zone, which every resolver knows or can find. An answer counts even
 * if it says that it failed: then the server serves us, and only its own way out is down. A refusal does not.
 */
export const askServer: AskServer = (server, from) =>
  new Promise((resolve) => {
    const id = randomInt(65_536);
    const question = encode({
      type: 'query',
      id,
      flags: RECURSION_DESIRED,
      questions: [{ type: 'NS', name: '.' }],
    });
    const sockets: Socket[] = [];
    const finish = (isServed: boolean): void => {
      clearInterval(timer);
      for (const socket of sockets.splice(0)) socket.close();
      resolve(isServed);
    };
    const ask = (): void => {
      if (sockets.length === ATTEMPTS) return finish(false);
      // A socket for each attempt: the address may only just be coming up.
      const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
      sockets.push(socket);
      // What cannot be sent is not answered either.
      socket.on('error', () => undefined);
      socket.on('message', (bytes) => {
        const outcome = outcomeOf(bytes, id);
        if (outcome !== null) finish(outcome);
      });
      socket.bind(0, from, () => socket.send(question, DNS_PORT, server, () => undefined));
    };
    const timer = setInterval(ask, ANSWER_WITHIN_MS / ATTEMPTS);
    ask();
  });

const RECURSION_DESIRED = 0x0100;
const REFUSED = 5;

/** Null for what is no answer to the question. */
function outcomeOf(bytes: Buffer, id: number): boolean | null {
  try {
    const answer = decode(bytes);
    if (answer.type !== 'response' || answer.id !== id) return null;
    return ((answer.flags ?? 0) & 0xf) !== REFUSED;
  } catch {
    // A datagram that is no DNS message.
    return null;
  }
}
