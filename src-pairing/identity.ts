import {
  ascii,
  authenticate,
  confirmationKey,
  confirmationOf,
  lengthValues,
  sharedKey,
  type CpaceInputs,
  type CpaceMessage,
} from './cpace.ts';
import { PAIRING_VERSION, type PinOutcome } from './messages.ts';

/** Who one end of a pairing is; both ends have to see the same of both. */
export interface PairingIdentity {
  /** X25519, 32 bytes: what the other side pins. */
  readonly publicKey: Uint8Array;
  /** At most 63 bytes of UTF-8. */
  readonly name: Uint8Array;
  /** Version of the tunnel protocol that it speaks. */
  readonly tunnelVersion: number;
}

/** What the two sides agree about before either is proven; the roles are in the order. */
export interface PairingFacts {
  readonly code: string;
  readonly attempt: Uint8Array;
  readonly laptop: PairingIdentity;
  readonly box: PairingIdentity;
}

/** The inputs of CPace: the code, both keys with their roles, and the attempt. */
export function cpaceInputs({ code, attempt, laptop, box }: PairingFacts): CpaceInputs {
  const roles = [ascii('laptop'), laptop.publicKey, ascii('box'), box.publicKey];
  return {
    password: ascii(code),
    channel: lengthValues(ascii('bowline pairing'), ...roles),
    sessionId: attempt,
  };
}

/** What only the two ends of one attempt can make: proofs that each has the code and means the same keys. */
export interface PairingProofs {
  readonly ofLaptop: Uint8Array;
  readonly ofBox: Uint8Array;
  /** The laptop's request to store the pairing. */
  readonly pin: Uint8Array;
  readonly pinned: (outcome: PinOutcome) => Uint8Array;
}

/**
 * Derives the proofs of an attempt.
 * @returns null if the other side's share is no usable point.
 */
export function proofsOf(
  facts: PairingFacts,
  shares: { readonly ofLaptop: Uint8Array; readonly ofBox: Uint8Array },
  own: { readonly secret: Uint8Array; readonly theirShare: Uint8Array },
): PairingProofs | null {
  const laptop = messageOf(facts.laptop, shares.ofLaptop);
  const box = messageOf(facts.box, shares.ofBox);
  const key = sharedKey(cpaceInputs(facts), own, laptop, box);
  if (key === null) return null;
  const macKey = confirmationKey(facts.attempt, key);
  return {
    ofLaptop: confirmationOf(macKey, laptop),
    ofBox: confirmationOf(macKey, box),
    pin: authenticate(macKey, lengthValues(ascii('pin'))),
    pinned: (outcome) => authenticate(macKey, lengthValues(ascii('pinned'), ascii(outcome))),
  };
}

/** A share with all that its sender says of itself, versions against a downgrade included. */
function messageOf({ publicKey, name, tunnelVersion }: PairingIdentity, share: Uint8Array): CpaceMessage {
  const versions = Uint8Array.of(PAIRING_VERSION, tunnelVersion);
  return { share, associated: lengthValues(versions, name, publicKey) };
}
