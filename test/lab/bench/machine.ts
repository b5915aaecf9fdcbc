import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { runProgram, tryProgram } from '../programs.ts';
import type { ProgramResult } from '../programs.ts';

/** One machine of the benchmark: a network namespace that programs are run in. Owns nothing. */
export class Machine {
  readonly name: string;
  readonly namespace: string;

  constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
  }

  /** Runs a program to its end; throws unless it exits with 0. */
  async run(file: string, args: readonly string[], input = ''): Promise<string> {
    const { stdout, stderr, status } = await this.tryRun(file, args, input);
    if (status !== 0) {
      throw new Error(
        `${file} ${args[0] ?? ''} on ${this.name} ended with ${status}: ${stderr.trim() || stdout.trim()}`,
      );
    }
    return stdout;
  }

  /** Runs a program to its end, whatever its exit status. */
  tryRun(file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
    return tryProgram('ip', this.#enter(file, args), input);
  }

  /** Runs `ip` commands, one a line, in one program. */
  async ip(...commands: readonly string[]): Promise<void> {
    await runProgram('ip', ['-n', this.namespace, '-batch', '-'], `${commands.join('\n')}\n`);
  }

  /** Starts a program that goes on running; the caller stops it. */
  start(file: string, args: readonly string[]): Service {
    const name = `${file.slice(file.lastIndexOf('/') + 1)} on ${this.name}`;
    return new Service(name, spawn('ip', this.#enter(file, args), { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Every step replaces the one before it, so that the process id is the program's own. */
  #enter(file: string, args: readonly string[]): string[] {
    return ['netns', 'exec', this.namespace, 'sh', '-c', ENTER_SCRIPT, 'sh', file, ...args];
  }
}

/** `ip netns exec` hides the control groups under a fresh /sys; a daemon with per-app rules needs them. */
const ENTER_SCRIPT = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; exec "$@"';

/** A running program of the benchmark. */
export class Service {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #isRunning = true;
  #wake: () => void = () => undefined;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    const take = (text: string): void => {
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      this.#wake();
    };
    child.stdout?.setEncoding('utf8').on('data', take);
    child.stderr?.setEncoding('utf8').on('data', take);
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#isRunning = false;
        this.#wake();
        resolve();
      };
      child.once('close', end);
      child.once('error', end);
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} could not be started`);
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** What it has printed, standard and error output as they came; the beginning of much output is lost. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits for a line that says it is ready, or anything else it prints.
   *
   * @throws Error with the end of its output when it ends or the time is over; the signal's reason when aborted.
   */
  async waitForOutput(pattern: RegExp, timeoutMs: number, signal: AbortSignal): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      signal.throwIfAborted();
      const leftMs = deadline - performance.now();
      if (!this.#isRunning || leftMs <= 0) {
        const what = this.#isRunning ? `said nothing like ${pattern} in ${timeoutMs} ms` : 'ended';
        throw new Error(`${this.name} ${what}: ${this.#output.trim().slice(-QUOTED_CHARACTERS)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, ABORT_CHECK_MS));
        this.#wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits until it has ended; false if it has not within the time. */
  async waitForEnd(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.#ended, timeout]);
    clearTimeout(timer);
    return !this.#isRunning;
  }

  /** Asks it to stop, and insists after a while. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#child.kill('SIGTERM');
    if (await this.waitForEnd(STOP_MS)) return;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** More than any JSON report of one measurement, and a bound for a daemon that logs without end. */
const KEPT_OUTPUT_CHARACTERS = 1_000_000;
/** The last lines, where the cause usually stands. */
const QUOTED_CHARACTERS = 400;
/** A pressed Ctrl-C is noticed within this. */
const ABORT_CHECK_MS = 100;
/** A daemon that puts a system back is promised 2 s for it; the rest is for a busy machine. */
const STOP_MS = 4000;

/** Waits; rejects with the signal's reason when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
