import { makeCode } from './code.ts';
import { SHARE_BYTES, authenticate, isSame, lengthValues, makeShare } from './cpace.ts';
import {
  cpaceInputs,
  proofsOf,
  type PairingFacts,
  type PairingIdentity,
  type PairingProofs,
} from './identity.ts';
import {
  COOKIE_BYTES,
  PAIRING_VERSION,
  decodeMessage,
  encodeMessage,
  type CodeState,
  type PairingMessage,
  type PinOutcome,
} from './messages.ts';

/** What the box's end of pairing is made of. */
export interface BoxPairingOptions {
  readonly identity: PairingIdentity;
  /** Returns that many bytes of cryptographic quality. */
  readonly random: (bytes: number) => Uint8Array;
}

/** What became of a code that is no longer shown. */
export type CodeFate = Exclude<CodeState, 'open'>;

/** What the box should know or do. */
export type BoxPairingEvent =
  /** A laptop began; that costs a try until it has proven the code. */
  | { readonly kind: 'begun'; readonly laptop: PairingIdentity; readonly triesLeft: number }
  /** The laptop's proof was wrong: a wrong code, or somebody who replaced keys. */
  | { readonly kind: 'wrong-code'; readonly laptop: PairingIdentity; readonly triesLeft: number }
  /** A laptop began and never proved anything. */
  | { readonly kind: 'abandoned'; readonly laptop: PairingIdentity; readonly triesLeft: number }
  | { readonly kind: 'closed'; readonly fate: CodeFate }
  /** Both sides are proven: store the laptop, then call {@link BoxPairing.finishPin}. */
  | { readonly kind: 'pin'; readonly attempt: Uint8Array; readonly laptop: PairingIdentity };

interface OpenCode {
  readonly code: string;
  readonly expiresAt: number;
  readonly cookieSecret: Uint8Array;
  triesLeft: number;
}

/** One run with one laptop. Answers are kept, since a question that comes again gets the same answer. */
interface Attempt {
  readonly id: Uint8Array;
  readonly laptop: PairingIdentity;
  readonly proofs: PairingProofs;
  readonly shareAnswer: Uint8Array;
  expiresAt: number;
  stage: 'shared' | 'refused' | 'confirmed' | 'pinning' | 'pinned';
  confirmAnswer: Uint8Array | null;
  pinAnswer: Uint8Array | null;
}

/**
 * The box's end of pairing: one code at a time, datagrams in, at most one answer each out. No input or output, clock or
 * randomness of its own; times are monotonic microseconds.
 */
export class BoxPairing {
  private readonly options: BoxPairingOptions;
  private readonly attempts = new Map<string, Attempt>();
  private readonly events: BoxPairingEvent[] = [];
  private open: OpenCode | null = null;
  private fate: CodeFate = 'none';
  private closedAt = -Infinity;
  private windowStart = -Infinity;
  private inWindow = 0;
  private failed = 0;

  constructor(options: BoxPairingOptions) {
    this.options = options;
  }

  /** Shows a new code, in place of the one before. @returns the code; it is nowhere else to be had. */
  openCode(now: number): { readonly code: string; readonly expiresAt: number } {
    if (this.open !== null) this.close('none', now);
    const { random } = this.options;
    const code = makeCode(random);
    const expiresAt = now + CODE_LIFE_MICROS;
    this.open = { code, expiresAt, cookieSecret: random(32), triesLeft: TRIES };
    return { code, expiresAt };
  }

  /** The code that is shown, without the code itself; what became of the last; how many attempts have failed. */
  get status(): {
    readonly open: { expiresAt: number; triesLeft: number } | null;
    readonly lastCode: CodeFate;
    readonly failed: number;
  } {
    const open =
      this.open === null ? null : { expiresAt: this.open.expiresAt, triesLeft: this.open.triesLeft };
    return { open, lastCode: this.fate, failed: this.failed };
  }

  /**
   * Takes a datagram.
   * @param source bytes that name the sender's address and port.
   * @returns the answer for that address, or null.
   */
  onDatagram(bytes: Uint8Array, source: Uint8Array, now: number): Uint8Array | null {
    this.onTimeout(now);
    const message = decodeMessage(bytes);
    if (message === null || !this.isAwake(now)) return null;
    switch (message.kind) {
      case 'ask':
        return this.onAsk(message, source, now);
      case 'start':
        return this.onStart(message, source, now);
      case 'confirm':
        return this.onConfirm(message, now);
      case 'pin':
        return this.onPin(message);
      case 'offer':
      case 'share':
      case 'confirmed':
      case 'pinned':
      case 'refused':
        return null;
    }
  }

  /**
   * Tells what became of the event `pin`.
   * @returns the answer for the laptop, or null if it was asked for too long ago.
   */
  finishPin(id: Uint8Array, outcome: PinOutcome): Uint8Array | null {
    const attempt = this.attempts.get(keyOf(id));
    if (attempt?.stage !== 'pinning') return null;
    attempt.stage = 'pinned';
    const proof = attempt.proofs.pinned(outcome);
    attempt.pinAnswer = this.answer(id, { kind: 'pinned', outcome, proof });
    return attempt.pinAnswer;
  }

  /** Does what is due at `now`. */
  onTimeout(now: number): void {
    for (const [key, attempt] of this.attempts) {
      if (now < attempt.expiresAt || attempt.stage === 'pinning') continue;
      this.attempts.delete(key);
      if (attempt.stage === 'shared') this.fail('abandoned', attempt, now);
    }
    if (this.open !== null && now >= this.open.expiresAt) this.close('expired', now);
  }

  /** When {@link onTimeout} is due next, or Infinity. */
  get nextDeadline(): number {
    let deadline = this.open?.expiresAt ?? Infinity;
    for (const { expiresAt, stage } of this.attempts.values())
      if (stage !== 'pinning') deadline = Math.min(deadline, expiresAt);
    return deadline;
  }

  /** The next event, or undefined. */
  pollEvent(): BoxPairingEvent | undefined {
    return this.events.shift();
  }

  // ---- questions -----------------------------------------------------------------------------------------------

  private onAsk({ version, attempt }: Ask, source: Uint8Array, now: number): Uint8Array | null {
    if (this.isLimited(now)) return null;
    if (version !== PAIRING_VERSION)
      return this.answer(attempt, { kind: 'refused', reason: 'version', detail: PAIRING_VERSION });
    return this.offer(attempt, source);
  }

  private offer(attempt: Uint8Array, source: Uint8Array): Uint8Array {
    const { publicKey, name, tunnelVersion } = this.options.identity;
    return this.answer(attempt, {
      kind: 'offer',
      tunnelVersion,
      state: this.open === null ? this.fate : 'open',
      cookie: this.open === null ? new Uint8Array(COOKIE_BYTES) : cookieOf(this.open, source, attempt),
      boxKey: publicKey,
      boxName: name,
    });
  }

  private onStart(message: Start, source: Uint8Array, now: number): Uint8Array | null {
    const known = this.attempts.get(keyOf(message.attempt));
    if (known !== undefined) return known.shareAnswer;
    if (this.isLimited(now)) return null;
    const { open } = this;
    // Another address than the one that asked, or a code that was closed meanwhile: the offer says how things stand.
    if (open === null || !isSame(message.cookie, cookieOf(open, source, message.attempt)))
      return this.offer(message.attempt, source);
    if (message.tunnelVersion !== this.options.identity.tunnelVersion) {
      const detail = this.options.identity.tunnelVersion;
      return this.answer(message.attempt, { kind: 'refused', reason: 'version', detail });
    }
    if (open.triesLeft === 0)
      return this.answer(message.attempt, { kind: 'refused', reason: 'burnt', detail: 0 });
    return this.begin(message, open, now);
  }

  private begin(message: Start, open: OpenCode, now: number): Uint8Array | null {
    const { identity, random } = this.options;
    const id = message.attempt.slice();
    const laptop: PairingIdentity = {
      publicKey: message.laptopKey.slice(),
      name: message.laptopName.slice(),
      tunnelVersion: message.tunnelVersion,
    };
    const facts: PairingFacts = { code: open.code, attempt: id, laptop, box: identity };
    const secret = random(SHARE_BYTES);
    const share = makeShare(cpaceInputs(facts), secret);
    const theirShare = message.share.slice();
    const proofs = proofsOf(facts, { ofLaptop: theirShare, ofBox: share }, { secret, theirShare });
    if (proofs === null) return null;
    open.triesLeft--;
    const shareAnswer = this.answer(id, { kind: 'share', share });
    this.attempts.set(keyOf(id), {
      id,
      laptop,
      proofs,
      shareAnswer,
      expiresAt: now + CONFIRM_WITHIN_MICROS,
      stage: 'shared',
      confirmAnswer: null,
      pinAnswer: null,
    });
    this.events.push({ kind: 'begun', laptop, triesLeft: open.triesLeft });
    return shareAnswer;
  }

  private onConfirm(message: Confirm, now: number): Uint8Array | null {
    const attempt = this.attempts.get(keyOf(message.attempt));
    if (attempt === undefined) return this.refuseUnknown(message.attempt);
    if (attempt.stage !== 'shared') return attempt.confirmAnswer;
    if (isSame(message.proof, attempt.proofs.ofLaptop)) {
      attempt.stage = 'confirmed';
      attempt.expiresAt = now + PIN_WITHIN_MICROS;
      attempt.confirmAnswer = this.answer(attempt.id, { kind: 'confirmed', proof: attempt.proofs.ofBox });
      this.close('used', now);
    } else {
      attempt.stage = 'refused';
      const detail = this.open?.triesLeft ?? 0;
      attempt.confirmAnswer = this.answer(attempt.id, { kind: 'refused', reason: 'wrong-code', detail });
      this.fail('wrong-code', attempt, now);
    }
    return attempt.confirmAnswer;
  }

  private onPin(message: Pin): Uint8Array | null {
    const attempt = this.attempts.get(keyOf(message.attempt));
    if (attempt === undefined) return this.refuseUnknown(message.attempt);
    if (attempt.stage === 'confirmed' && isSame(message.proof, attempt.proofs.pin)) {
      attempt.stage = 'pinning';
      this.events.push({ kind: 'pin', attempt: attempt.id, laptop: attempt.laptop });
    }
    return attempt.pinAnswer;
  }

  /** The attempt ended with its code; while a code is open, an unknown attempt is nobody's. */
  private refuseUnknown(attempt: Uint8Array): Uint8Array | null {
    if (this.open !== null) return null;
    return this.answer(attempt, { kind: 'refused', reason: this.fate, detail: 0 });
  }

  // ---- the code ------------------------------------------------------------------------------------------------

  private fail(kind: 'wrong-code' | 'abandoned', { laptop }: Attempt, now: number): void {
    this.failed++;
    this.events.push({ kind, laptop, triesLeft: this.open?.triesLeft ?? 0 });
    const isUnderWay = [...this.attempts.values()].some(({ stage }) => stage === 'shared');
    if (this.open?.triesLeft === 0 && !isUnderWay) this.close('burnt', now);
  }

  private close(fate: CodeFate, now: number): void {
    for (const [key, { stage }] of this.attempts) if (stage === 'shared') this.attempts.delete(key);
    this.open = null;
    this.fate = fate;
    this.closedAt = now;
    this.events.push({ kind: 'closed', fate });
  }

  /** A box that pairs with nobody is silent, so that a port scan learns nothing; for a while it says what was. */
  private isAwake(now: number): boolean {
    return this.open !== null || now - this.closedAt < REMEMBER_MICROS;
  }

  private isLimited(now: number): boolean {
    if (now - this.windowStart > LIMIT_WINDOW_MICROS) {
      this.windowStart = now;
      this.inWindow = 0;
    }
    return ++this.inWindow > ANSWERS_PER_WINDOW;
  }

  private answer(attempt: Uint8Array, fields: AnswerFields): Uint8Array {
    return encodeMessage({ version: PAIRING_VERSION, attempt, ...fields });
  }
}

type Ask = Extract<PairingMessage, { kind: 'ask' }>;
type Start = Extract<PairingMessage, { kind: 'start' }>;
type Confirm = Extract<PairingMessage, { kind: 'confirm' }>;
type Pin = Extract<PairingMessage, { kind: 'pin' }>;
type AnswerFields<M = PairingMessage> = M extends PairingMessage ? Omit<M, 'version' | 'attempt'> : never;

function cookieOf({ cookieSecret }: OpenCode, source: Uint8Array, attempt: Uint8Array): Uint8Array {
  return authenticate(cookieSecret, lengthValues(source, attempt)).slice(0, COOKIE_BYTES);
}

/** Bytes as the key of a map. */
function keyOf(id: Uint8Array): string {
  return String.fromCharCode(...id);
}

/** Long enough to walk from the box to the laptop, short enough that nobody finds an old code. */
const CODE_LIFE_MICROS = 300_000_000;
/** A typing error or two; and 3 in 10^8 for who guesses. */
const TRIES = 3;
/** The laptop's program answers within milliseconds: the code was typed before it began. Lost datagrams take 5 s. */
const CONFIRM_WITHIN_MICROS = 10_000_000;
/** Two stores to a slow card, and repetitions. */
const PIN_WITHIN_MICROS = 30_000_000;
/** How long the box says what became of the last code: a person who was slow is told so. */
const REMEMBER_MICROS = 900_000_000;
const LIMIT_WINDOW_MICROS = 100_000;
/** A laptop asks over each link and address, some ten at once; 400 answers a second cost about 2 % of a core. */
const ANSWERS_PER_WINDOW = 40;
