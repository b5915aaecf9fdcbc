import { describeError, type Log } from '../../src-platform/log.ts';
import type { InetSocket, NativeApi, NativeDatagramMeter } from '../../src-platform/native.ts';

/**
 * The machine's sockets with what each has moved. The kernel counts for TCP; for UDP it takes a program of ours that sees
 * every packet, so that one is there only while somebody looks.
 */
export class OpenSockets {
  readonly #native: Pick<NativeApi, 'DatagramMeter' | 'inetSockets'>;
  readonly #root: string | null;
  readonly #log: Log;
  #meter: NativeDatagramMeter | null = null;
  #isRefused = false;
  #idle: NodeJS.Timeout | null = null;

  /** @param root where cgroup v2 is mounted; null if it is not */
  constructor(native: Pick<NativeApi, 'DatagramMeter' | 'inetSockets'>, root: string | null, log: Log) {
    this.#native = native;
    this.#root = root;
    this.#log = log;
  }

  /** Lists them. What UDP sockets have moved counts from the first of several looks on. */
  list(): readonly InetSocket[] {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    this.#meter ??= this.#open();
    return this.#meter?.sockets() ?? this.#native.inetSockets();
  }

  /** Ends counting, until the next look. */
  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#meter?.close();
    this.#meter = null;
  }

  #open(): NativeDatagramMeter | null {
    if (this.#root === null || this.#isRefused) return null;
    try {
      return new this.#native.DatagramMeter(this.#root);
    } catch (error) {
      this.#isRefused = true;
      this.#log.info('datagrams-not-counted', { ...describeError(error), effect: WITHOUT });
      return null;
    }
  }
}

/** The window asks once a second while it shows who uses which link. */
const IDLE_MS = 10_000;

const WITHOUT = 'what programs move by UDP is not shown';
