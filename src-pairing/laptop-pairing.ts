import { SHARE_BYTES, isSame, makeShare } from './cpace.ts';
import {
  cpaceInputs,
  proofsOf,
  type PairingFacts,
  type PairingIdentity,
  type PairingProofs,
} from './identity.ts';
import {
  ATTEMPT_BYTES,
  PAIRING_VERSION,
  decodeMessage,
  encodeMessage,
  type CodeState,
  type PairingMessage,
  type RefusalReason,
} from './messages.ts';

/** One way to try: a socket of a link towards an address. Ways are named by their place in the list. */
export interface PairingWay {
  /** Ways with the same number lead to the same box, as far as is known. */
  readonly box: number;
  /** What the box was announced with; null if nothing is known. */
  readonly fingerprint: string | null;
}

/** What the laptop's end of pairing is made of. */
export interface LaptopPairingOptions {
  readonly identity: PairingIdentity;
  readonly code: string;
  readonly ways: readonly PairingWay[];
  /** Returns that many bytes of cryptographic quality. */
  readonly random: (bytes: number) => Uint8Array;
  /** Writes a public key as announcements do. */
  readonly fingerprintOf: (publicKey: Uint8Array) => string;
  readonly now: number;
}

/** Why pairing failed. */
export type PairingFailure =
  | { readonly kind: 'not-reachable' }
  /** Another key answered than the one that was announced. */
  | { readonly kind: 'wrong-box'; readonly announced: string; readonly answered: string }
  | { readonly kind: 'version'; readonly boxVersion: number; readonly of: 'pairing' | 'tunnel' }
  /** The box shows no code, or what became of the last one. */
  | { readonly kind: 'no-code'; readonly state: Exclude<CodeState, 'open'> }
  | { readonly kind: 'several-boxes'; readonly names: readonly Uint8Array[] }
  | { readonly kind: 'wrong-code'; readonly triesLeft: number }
  /** Who answered does not have the code. */
  | { readonly kind: 'impostor' }
  /** The box stopped to answer half-way. `isDecided`: it may have stored this laptop already. */
  | { readonly kind: 'box-gone'; readonly isDecided: boolean }
  | { readonly kind: 'box-storage'; readonly isFull: boolean };

/** How far pairing has come. */
export type LaptopPairingState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'sharing' | 'confirming' | 'pinning'; readonly box: PairingIdentity }
  /** Both sides are proven: prepare to store the box, then call {@link LaptopPairing.staged}. */
  | { readonly kind: 'staging'; readonly box: PairingIdentity }
  /** The box has stored this laptop: store the box. `way` is the one that answered. */
  | { readonly kind: 'done'; readonly box: PairingIdentity; readonly way: number }
  | { readonly kind: 'failed'; readonly failure: PairingFailure };

type Offer = Extract<PairingMessage, { kind: 'offer' }>;

/**
 * The laptop's end of pairing: asks over all ways, then proves the code to one box. No input or output, clock or
 * randomness of its own; times are monotonic microseconds.
 */
export class LaptopPairing {
  private readonly options: LaptopPairingOptions;
  private readonly attempt: Uint8Array;
  private readonly offers = new Map<number, Offer>();
  private readonly queue: { way: number; bytes: Uint8Array }[] = [];
  private current: LaptopPairingState = { kind: 'asking' };
  /** Ways to the box that was chosen; the first is used, the others when it does not answer. */
  private chosen: number[] = [];
  private secret = new Uint8Array(0);
  private share = new Uint8Array(0);
  private proofs: PairingProofs | null = null;
  private wrong: PairingFailure | null = null;
  private repeatAt: number;
  private repeats = 0;
  private decideAt = Infinity;
  private giveUpAt: number;

  constructor(options: LaptopPairingOptions) {
    this.options = options;
    this.attempt = options.random(ATTEMPT_BYTES);
    this.repeatAt = options.now;
    this.giveUpAt = options.now + ASK_MICROS;
  }

  get state(): LaptopPairingState {
    return this.current;
  }

  /** The number of the box that was chosen; -1 before. */
  get target(): number {
    return this.options.ways[this.chosen[0] ?? -1]?.box ?? -1;
  }

  /** The next datagram to send, or undefined. */
  poll(): { readonly way: number; readonly bytes: Uint8Array } | undefined {
    return this.queue.shift();
  }

  /** When {@link onTimeout} is due next, or Infinity. */
  get nextDeadline(): number {
    switch (this.current.kind) {
      case 'staging':
      case 'done':
      case 'failed':
        return Infinity;
      case 'asking':
      case 'sharing':
      case 'confirming':
      case 'pinning':
        return Math.min(this.repeatAt, this.decideAt, this.giveUpAt);
    }
  }

  /** Does what is due at `now`. */
  onTimeout(now: number): void {
    if (now < this.nextDeadline) return;
    if (now >= this.decideAt) this.decide(now);
    else if (now >= this.giveUpAt) this.giveUp();
    else this.repeat(now);
  }

  /** The box's identity can be stored; asks the box to store this laptop. */
  staged(now: number): void {
    if (this.current.kind !== 'staging') return;
    this.proceed({ kind: 'pinning', box: this.current.box }, now);
  }

  /** Takes a datagram that came over a way. */
  onDatagram(way: number, bytes: Uint8Array, now: number): void {
    const message = decodeMessage(bytes);
    if (message === null || !isSame(message.attempt, this.attempt)) return;
    switch (message.kind) {
      case 'offer':
        return this.onOffer(way, message, now);
      case 'share':
        return this.onShare(way, message.share, now);
      case 'confirmed':
        return this.onConfirmed(message.proof);
      case 'pinned':
        return this.onPinned(way, message);
      case 'refused':
        return this.onRefused(way, message.reason, message.detail, now);
      case 'ask':
      case 'start':
      case 'confirm':
      case 'pin':
        return;
    }
  }

  // ---- finding the box -----------------------------------------------------------------------------------------

  private onOffer(way: number, offer: Offer, now: number): void {
    const { current } = this;
    if (current.kind === 'sharing' || current.kind === 'confirming' || current.kind === 'pinning')
      return this.onLateOffer(way, offer, current, now);
    if (current.kind !== 'asking') return;
    const announced = this.options.ways[way]?.fingerprint ?? null;
    const answered = this.options.fingerprintOf(offer.boxKey);
    if (announced !== null && announced !== answered) {
      this.wrong ??= { kind: 'wrong-box', announced, answered };
      this.decideAt = Math.min(this.decideAt, now + GRACE_MICROS);
      return;
    }
    this.offers.set(way, copyOf(offer));
    const boxes = new Set(this.options.ways.map(({ box }) => box));
    const answeredBoxes = new Set([...this.offers.keys()].map((index) => this.options.ways[index]!.box));
    this.decideAt = Math.min(this.decideAt, now + GRACE_MICROS);
    // One box announces itself on many addresses, so its first word counts; several are waited for.
    if (answeredBoxes.size === boxes.size) this.decide(now);
  }

  /** Another way to the same box; or its answer to a start whose cookie it does not know any more. */
  private onLateOffer(
    way: number,
    offer: Offer,
    { kind, box }: Extract<LaptopPairingState, { kind: 'sharing' | 'confirming' | 'pinning' }>,
    now: number,
  ): void {
    if (!isSame(box.publicKey, offer.boxKey)) return;
    const isKnown = this.chosen.includes(way);
    if (kind === 'sharing' && isKnown && offer.state !== 'open')
      return this.fail({ kind: 'no-code', state: offer.state });
    if (offer.state !== 'open') return;
    const isNewCookie = isKnown && !isSame(this.offers.get(way)!.cookie, offer.cookie);
    this.offers.set(way, copyOf(offer));
    if (!isKnown) this.chosen.push(way);
    if (isNewCookie && kind === 'sharing') this.repeatAt = now;
  }

  private decide(now: number): void {
    this.decideAt = Infinity;
    const open = [...this.offers].filter(([, { state }]) => state === 'open');
    const [first] = open;
    if (first === undefined) return this.fail(this.whyNone());
    const [, offer] = first;
    const others = open.filter(([, { boxKey }]) => !isSame(boxKey, offer.boxKey));
    if (others.length > 0) {
      const names = [offer, ...distinct(others.map(([, other]) => other))].map(({ boxName }) => boxName);
      return this.fail({ kind: 'several-boxes', names });
    }
    if (offer.tunnelVersion !== this.options.identity.tunnelVersion)
      return this.fail({ kind: 'version', boxVersion: offer.tunnelVersion, of: 'tunnel' });
    this.chosen = open.map(([way]) => way);
    const { boxKey: publicKey, boxName: name, tunnelVersion } = offer;
    const box = { publicKey, name, tunnelVersion };
    this.secret = this.options.random(SHARE_BYTES).slice();
    this.share = makeShare(cpaceInputs(this.factsOf(box)), this.secret).slice();
    this.proceed({ kind: 'sharing', box }, now);
  }

  private whyNone(): PairingFailure {
    if (this.wrong !== null) return this.wrong;
    const states = [...this.offers.values()].flatMap(({ state }) => (state === 'open' ? [] : [state]));
    return { kind: 'no-code', state: states.find((state) => state !== 'none') ?? 'none' };
  }

  // ---- proving and storing -------------------------------------------------------------------------------------

  private factsOf(box: PairingIdentity): PairingFacts {
    return { code: this.options.code, attempt: this.attempt, laptop: this.options.identity, box };
  }

  private onShare(way: number, share: Uint8Array, now: number): void {
    if (this.current.kind !== 'sharing' || !this.chosen.includes(way)) return;
    const { box } = this.current;
    const theirShare = share.slice();
    const shares = { ofLaptop: this.share, ofBox: theirShare };
    this.proofs = proofsOf(this.factsOf(box), shares, { secret: this.secret, theirShare });
    if (this.proofs === null) return this.fail({ kind: 'impostor' });
    this.proceed({ kind: 'confirming', box }, now);
  }

  private onConfirmed(proof: Uint8Array): void {
    if (this.current.kind !== 'confirming') return;
    if (!isSame(proof, this.proofs!.ofBox)) return this.fail({ kind: 'impostor' });
    this.current = { kind: 'staging', box: this.current.box };
  }

  private onPinned(way: number, { outcome, proof }: Extract<PairingMessage, { kind: 'pinned' }>): void {
    // An outcome that the box cannot have written is no answer; the true one may still come.
    if (this.current.kind !== 'pinning' || !isSame(proof, this.proofs!.pinned(outcome))) return;
    if (outcome === 'stored') this.current = { kind: 'done', box: this.current.box, way };
    else this.fail({ kind: 'box-storage', isFull: outcome === 'disk-full' });
  }

  private onRefused(way: number, reason: RefusalReason, detail: number, now: number): void {
    const { kind } = this.current;
    if (kind === 'asking') {
      if (reason !== 'version') return;
      this.wrong ??= { kind: 'version', boxVersion: detail, of: 'pairing' };
      this.decideAt = Math.min(this.decideAt, now + GRACE_MICROS);
      return;
    }
    if (!this.chosen.includes(way) || (kind !== 'sharing' && kind !== 'confirming' && kind !== 'pinning'))
      return;
    switch (reason) {
      case 'wrong-code':
        return this.fail({ kind: 'wrong-code', triesLeft: detail });
      case 'version':
        return this.fail({ kind: 'version', boxVersion: detail, of: 'tunnel' });
      case 'none':
      case 'expired':
      case 'used':
      case 'burnt':
        // A box that was restarted has forgotten the attempt; whether it had stored this laptop nobody can tell.
        return this.fail(
          kind === 'pinning' ? { kind: 'box-gone', isDecided: true } : { kind: 'no-code', state: reason },
        );
    }
  }

  // ---- time and output -----------------------------------------------------------------------------------------

  private proceed(state: LaptopPairingState, now: number): void {
    this.current = state;
    this.repeats = 0;
    this.repeatAt = now;
    this.giveUpAt = now + ANSWER_MICROS;
    this.repeat(now);
  }

  private repeat(now: number): void {
    const interval = Math.min(MOST_REPEAT_MICROS, FIRST_REPEAT_MICROS * 2 ** this.repeats);
    this.repeatAt = now + interval;
    const way = this.chosen[this.repeats % this.chosen.length] ?? 0;
    this.repeats++;
    const head = { version: PAIRING_VERSION, attempt: this.attempt };
    const { identity } = this.options;
    switch (this.current.kind) {
      case 'asking': {
        const bytes = encodeMessage({ ...head, kind: 'ask', tunnelVersion: identity.tunnelVersion });
        for (const index of this.options.ways.keys()) this.queue.push({ way: index, bytes });
        return;
      }
      case 'sharing': {
        const { publicKey: laptopKey, name: laptopName, tunnelVersion } = identity;
        const { cookie } = this.offers.get(way)!;
        const fields = {
          kind: 'start',
          tunnelVersion,
          cookie,
          share: this.share,
          laptopKey,
          laptopName,
        } as const;
        this.queue.push({ way, bytes: encodeMessage({ ...head, ...fields }) });
        return;
      }
      case 'confirming':
        this.queue.push({
          way,
          bytes: encodeMessage({ ...head, kind: 'confirm', proof: this.proofs!.ofLaptop }),
        });
        return;
      case 'pinning':
        this.queue.push({ way, bytes: encodeMessage({ ...head, kind: 'pin', proof: this.proofs!.pin }) });
        return;
      case 'staging':
      case 'done':
      case 'failed':
        return;
    }
  }

  private giveUp(): void {
    const { kind } = this.current;
    if (kind === 'asking') return this.fail(this.wrong ?? { kind: 'not-reachable' });
    this.fail({ kind: 'box-gone', isDecided: kind === 'pinning' });
  }

  private fail(failure: PairingFailure): void {
    this.queue.length = 0;
    this.current = { kind: 'failed', failure };
  }
}

/** The decoder gives views of a buffer that is used again. */
function copyOf(offer: Offer): Offer {
  const { cookie, boxKey, boxName } = offer;
  return { ...offer, cookie: cookie.slice(), boxKey: boxKey.slice(), boxName: boxName.slice() };
}

/** One offer of each box. */
function distinct(offers: readonly Offer[]): readonly Offer[] {
  return offers.filter(
    (offer, index) => offers.findIndex(({ boxKey }) => isSame(boxKey, offer.boxKey)) === index,
  );
}

/** A box on the LAN answers within milliseconds; a Wi-Fi link that wakes up needs up to a second. */
const ASK_MICROS = 3_000_000;
/** After the first answer, how long others may take: with several boxes, the one that shows a code may be slower. */
const GRACE_MICROS = 700_000;
/** For each later question; storing on a busy memory card takes a second or two. */
const ANSWER_MICROS = 5_000_000;
const FIRST_REPEAT_MICROS = 150_000;
const MOST_REPEAT_MICROS = 600_000;
