import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { monotonicMicros } from '../../monotonic.ts';
import type { Stall, TransferPlan, TransferReport } from './requests.ts';
import { silenceStart } from './silence.ts';
import { BLOCK_BYTES, StreamPattern } from './stream-pattern.ts';

/** Sending end of a transfer: seeded bytes at a rate or as fast as the connection takes them. */
export class TransferSender {
  /** Settles when all bytes were handed to the kernel, or the connection broke. */
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #plan: TransferPlan;
  readonly #pattern: StreamPattern;
  readonly #hash: Hash | null;
  readonly #startedMicros = monotonicMicros();
  #block: Buffer;
  #blockUsed = 0;
  #bytes = 0;
  #endedMicros: number | null = null;
  #error: string | null = null;
  #isStopped = false;
  #isBlocked = false;
  #resolveDone: () => void = () => undefined;

  constructor(socket: Socket, plan: TransferPlan) {
    this.#socket = socket;
    this.#plan = plan;
    this.#pattern = new StreamPattern(plan.seed);
    this.#hash = plan.hashes ? createHash('sha256') : null;
    this.#block = this.#pattern.next();
    this.done = new Promise((resolve) => (this.#resolveDone = resolve));
    socket.on('drain', () => {
      this.#isBlocked = false;
      if (plan.rateBitsPerSecond === 0) this.#fill();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('close', () => this.#end(this.#isStopped ? null : 'closed'));
    this.#pump();
  }

  /** Ends an endless transfer after what was sent so far. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#socket.end(() => this.#end(null));
  }

  report(): TransferReport {
    return {
      bytes: this.#bytes,
      sha256: this.#hash?.copy().digest('hex') ?? '',
      startedMicros: this.#startedMicros,
      endedMicros: this.#endedMicros,
      error: this.#error,
      stalls: [],
    };
  }

  #pump(): void {
    if (this.#plan.rateBitsPerSecond === 0) {
      this.#fill();
      return;
    }
    const timer = setInterval(() => {
      if (this.#isStopped || this.#endedMicros !== null) clearInterval(timer);
      else if (!this.#isBlocked) this.#sendDue();
    }, PACE_MS);
  }

  #sendDue(): void {
    const elapsedSeconds = (monotonicMicros() - this.#startedMicros) / 1e6;
    const dueBytes = (this.#plan.rateBitsPerSecond / 8) * elapsedSeconds - this.#bytes;
    // What a long outage left due goes out over the next ticks, not in one burst that would be its own disturbance.
    let left = Math.min(dueBytes, BLOCK_BYTES);
    while (left > 0 && !this.#isStopped && !this.#isBlocked) left -= this.#write(Math.ceil(left));
  }

  #fill(): void {
    while (!this.#isStopped && !this.#isBlocked && this.#endedMicros === null) this.#write(BLOCK_BYTES);
  }

  #write(most: number): number {
    const planned = this.#plan.bytes === 0 ? Infinity : this.#plan.bytes - this.#bytes;
    const length = Math.min(most, planned, BLOCK_BYTES - this.#blockUsed);
    const piece = this.#block.subarray(this.#blockUsed, this.#blockUsed + length);
    this.#hash?.update(piece);
    this.#isBlocked = !this.#socket.write(piece);
    this.#bytes += length;
    this.#blockUsed += length;
    if (this.#blockUsed === BLOCK_BYTES) {
      this.#block = this.#pattern.next();
      this.#blockUsed = 0;
    }
    if (this.#bytes === this.#plan.bytes) this.stop();
    return length;
  }

  #end(error: string | null): void {
    if (this.#endedMicros !== null) return;
    this.#endedMicros = monotonicMicros();
    this.#error = error;
    this.#resolveDone();
  }
}

/** Receiving end of a transfer: counts, hashes and notes every pause. */
export class TransferReceiver {
  /** Settles when the stream ended or broke. */
  readonly done: Promise<void>;
  readonly #hash: Hash | null;
  readonly #startedMicros = monotonicMicros();
  readonly #stalls: Stall[] = [];
  #lastMicros = this.#startedMicros;
  #bytes = 0;
  #endedMicros: number | null = null;
  #error: string | null = null;
  #resolveDone: () => void = () => undefined;

  constructor(socket: Socket, hashes: boolean) {
    this.#hash = hashes ? createHash('sha256') : null;
    this.done = new Promise((resolve) => (this.#resolveDone = resolve));
    socket.on('data', (piece) => this.#take(piece));
    socket.on('end', () => this.#end(null));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('close', () => this.#end('closed'));
  }

  /** Tells the longest pause that counts for a window, one that still lasts included. */
  longestStall(fromMicros: number, untilMicros: number): number {
    const now = this.#endedMicros ?? monotonicMicros();
    let longest = 0;
    for (const stall of [...this.#stalls, { fromMicros: this.#lastMicros, untilMicros: now }]) {
      const from = silenceStart(stall.fromMicros, stall.untilMicros, fromMicros, untilMicros);
      longest = Math.max(longest, from === null ? 0 : stall.untilMicros - from);
    }
    return longest < STALL_MICROS ? 0 : longest;
  }

  report(): TransferReport {
    return {
      bytes: this.#bytes,
      sha256: this.#hash?.copy().digest('hex') ?? '',
      startedMicros: this.#startedMicros,
      endedMicros: this.#endedMicros,
      error: this.#error,
      stalls: this.#stalls,
    };
  }

  #take(piece: Buffer): void {
    const now = monotonicMicros();
    if (now - this.#lastMicros > STALL_MICROS && this.#bytes > 0) {
      this.#stalls.push({ fromMicros: this.#lastMicros, untilMicros: now });
    }
    this.#lastMicros = now;
    this.#bytes += piece.length;
    this.#hash?.update(piece);
  }

  #end(error: string | null): void {
    if (this.#endedMicros !== null) return;
    this.#endedMicros = monotonicMicros();
    this.#error = error;
    this.#resolveDone();
  }
}

/** At 20 Mbit/s this is 12 KB a tick: a receiver's ordinary pause stays far below what counts as a stall. */
const PACE_MS = 5;

/** Four times the pace: what is longer was not made by the sender. */
const STALL_MICROS = 20_000;
