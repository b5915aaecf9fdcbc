import { randomBytes, randomFillSync } from 'node:crypto';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import { PAIRING_VERSION, encodeMessage } from '../../src-pairing/messages.ts';

/** One question of pairing of each kind that nobody has earned. */
export function questionsOf(seed: number): readonly Uint8Array[] {
  const head = { version: PAIRING_VERSION, attempt: randomBytes(16) };
  const laptopName = Buffer.from(`guest ${seed}`);
  const laptopKey = randomBytes(32);
  const proof = randomFillSync(Buffer.alloc(64));
  return [
    encodeMessage({ ...head, kind: 'ask', tunnelVersion: PROTOCOL_VERSION }),
    encodeMessage({
      ...head,
      kind: 'start',
      tunnelVersion: PROTOCOL_VERSION,
      cookie: randomBytes(16),
      share: randomBytes(32),
      laptopKey,
      laptopName,
    }),
    encodeMessage({ ...head, kind: 'confirm', proof }),
    encodeMessage({ ...head, kind: 'pin', proof }),
  ];
}
