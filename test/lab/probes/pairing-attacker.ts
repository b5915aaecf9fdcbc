/**
 * Somebody on the local network who attacks pairing: sits between laptop and box and passes on, changes or holds up what
 * they say; sends recorded datagrams again; plays a box of another version.
 */
import { createSocket, type Socket } from 'node:dgram';
import { BoxResponder } from '../../../src-platform/discovery/box-responder.ts';
import { decodeMessage, encodeMessage, type PairingMessage } from '../../../src-pairing/messages.ts';
import { serveRequests } from './shared/line-rpc.ts';
import type { PairingAttackerRequests, PairingTampering } from './shared/requests.ts';

/** Answers come within a millisecond here; this is for a machine that is busy. */
const ANSWERS_WITHIN_MS = 500;
const OWN_KEY = new Uint8Array(32).fill(9);
const OWN_SHARE = new Uint8Array(32);

const recorded: { readonly fromLaptop: boolean; readonly bytes: Buffer }[] = [];
const seen = new Map<string, number>();
let tampering: PairingTampering = 'nothing';
let heldKind: PairingMessage['kind'] | null = null;

/** The datagram as it is passed on; null if it is held up. */
function passOn(bytes: Buffer, fromLaptop: boolean): Uint8Array | null {
  recorded.push({ fromLaptop, bytes: Buffer.from(bytes) });
  const message = decodeMessage(bytes);
  if (message === null) return bytes;
  seen.set(message.kind, (seen.get(message.kind) ?? 0) + 1);
  if (message.kind === heldKind) return null;
  return tampered(message) ?? bytes;
}

function tampered(message: PairingMessage): Uint8Array | null {
  const ofBox = tampering === 'box-key' || tampering === 'both-keys';
  const ofLaptop = tampering === 'laptop-key' || tampering === 'both-keys';
  if (message.kind === 'offer' && ofBox) return encodeMessage({ ...message, boxKey: OWN_KEY });
  if (message.kind === 'start' && ofLaptop) return encodeMessage({ ...message, laptopKey: OWN_KEY });
  if (message.kind === 'share' && tampering === 'share')
    return encodeMessage({ ...message, share: OWN_SHARE });
  return null;
}

function relay(front: Socket, box: string, boxPort: number): void {
  const backs = new Map<string, Socket>();
  front.on('message', (message, { address, port }) => {
    const key = `${address} ${port}`;
    let back = backs.get(key);
    if (back === undefined) {
      back = createSocket('udp4').on('error', () => undefined);
      back.on('message', (answer) => {
        const passed = passOn(answer, false);
        if (passed !== null) front.send(passed, port, address);
      });
      backs.set(key, back);
    }
    const passed = passOn(message, true);
    if (passed !== null) back.send(passed, boxPort, box);
  });
}

function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4').on('error', () => undefined);
  return new Promise((resolve) => socket.bind(port, () => resolve(socket)));
}

serveRequests<PairingAttackerRequests>({
  relay: async ({ port, box, boxPort }) => {
    relay(await bound(port), box, boxPort);
    return null;
  },
  tamper: (what) => {
    tampering = what;
    return null;
  },
  hold: (kind) => {
    heldKind = kind as PairingMessage['kind'] | null;
    return null;
  },
  seen: (kind) => seen.get(kind) ?? 0,
  recording: () => recorded.map(({ fromLaptop, bytes }) => ({ fromLaptop, hex: bytes.toString('hex') })),
  send: async ({ host, port, datagrams }) => {
    const socket = await bound(0);
    const answers: { kind: string; hex: string }[] = [];
    socket.on('message', (answer) =>
      answers.push({ kind: decodeMessage(answer)?.kind ?? 'other', hex: answer.toString('hex') }),
    );
    for (const hex of datagrams) socket.send(Buffer.from(hex, 'hex'), port, host);
    await new Promise((resolve) => setTimeout(resolve, ANSWERS_WITHIN_MS));
    socket.close();
    return answers;
  },
  playBoxOfVersion: async ({ port, version }) => {
    const socket = await bound(port);
    socket.on('message', (question, { address, port: back }) => {
      const message = decodeMessage(question);
      if (message?.kind !== 'ask') return;
      const refused = { kind: 'refused', reason: 'version', detail: version } as const;
      socket.send(encodeMessage({ version, attempt: message.attempt, ...refused }), back, address);
    });
    return null;
  },
  announce: ({ name, fingerprint, ownAddress, address, port }) =>
    new Promise((resolve) => {
      new BoxResponder({
        service: { name, fingerprint, protocol: 1, port },
        links: [
          {
            name: 'eth0',
            ifindex: 1,
            addresses: [{ family: 4, address: ownAddress, prefixLength: 24 }],
            announced: [address],
          },
        ],
        random: Math.random,
        onChange: ({ state }) => state === 'announced' && resolve(null),
      });
    }),
});
