import { statSync } from 'node:fs';
import { realPath, findProgram } from '../../src-platform/apps/program-files.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import type { NativeApi, NativeExecGate } from '../../src-platform/native.ts';
import type { ProgramRule } from './compile-rules.ts';

/**
 * Meets programs under a rule before their first instruction, where the kernel lets this process hold them: a socket
 * keeps the mark that it was made with, and a small program makes one within a millisecond of its start.
 */
export class StartGate {
  readonly #native: Pick<NativeApi, 'ExecGate'>;
  readonly #log: Log;
  readonly #onStart: (pid: number, rule: ProgramRule) => Promise<void>;
  /** Rule of each program, by its file. */
  readonly #rules = new Map<string, ProgramRule>();
  readonly #paths = new Map<string, string>();
  #programs: ReadonlyMap<string, ProgramRule> = new Map();
  #gate: NativeExecGate | null = null;
  #refusal: string | null = null;

  constructor(
    native: Pick<NativeApi, 'ExecGate'>,
    log: Log,
    onStart: (pid: number, rule: ProgramRule) => Promise<void>,
  ) {
    this.#native = native;
    this.#log = log;
    this.#onStart = onStart;
  }

  /** Why no program can be held, in the words of the system; null while that works, or has not been tried. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Whether programs are held at all. */
  get isOpen(): boolean {
    return this.#gate !== null;
  }

  /** Holds these programs, and no others. */
  follow(programs: ReadonlyMap<string, ProgramRule>): void {
    if (programs.size === 0 || this.#refusal !== null) {
      this.close();
      return;
    }
    const ownTools = new Set(OWN_TOOLS.map((name) => realPath(findProgram(name) ?? '')));
    this.#programs = new Map([...programs].filter(([path]) => !ownTools.has(realPath(path))));
    const wanted = new Map<string, { readonly path: string; readonly rule: ProgramRule }>();
    for (const [path, rule] of this.#programs) {
      const file = fileOf(path);
      if (file !== null) wanted.set(file, { path, rule });
    }
    const gate = this.#open();
    if (gate === null) return;
    for (const [file, path] of this.#paths) if (!wanted.has(file)) this.#remove(gate, file, path);
    this.#rules.clear();
    for (const [file, { path, rule }] of wanted) {
      this.#rules.set(file, rule);
      if (!this.#paths.has(file)) this.#add(gate, file, path);
    }
  }

  /** Holds what is now in the place of a rule's programs: an update puts a new file there. */
  renew(rule: ProgramRule): void {
    const gate = this.#gate;
    if (gate === null) return;
    for (const [file, own] of this.#rules) {
      if (own !== rule) continue;
      this.#rules.delete(file);
      this.#paths.delete(file);
    }
    for (const [path, own] of this.#programs) {
      const file = own === rule ? fileOf(path) : null;
      if (file === null) continue;
      this.#rules.set(file, rule);
      // Also where the number is the same: file systems give that of a deleted file to the next.
      this.#add(gate, file, path);
    }
  }

  /** Holds nobody any more. The gate itself stays: whoever may not open one has no second. */
  close(): void {
    this.#gate?.clear();
    this.#paths.clear();
    this.#rules.clear();
    this.#programs = new Map();
  }

  #open(): NativeExecGate | null {
    if (this.#gate !== null) return this.#gate;
    try {
      const gate = new this.#native.ExecGate();
      gate.startPolling(() => this.#onWaiting(gate));
      this.#gate = gate;
    } catch (error) {
      this.#refusal = error instanceof Error ? error.message : String(error);
      this.#log.warn('programs-not-held', { ...describeError(error), effect: WITHOUT, advice: ADVICE });
    }
    return this.#gate;
  }

  #add(gate: NativeExecGate, file: string, path: string): void {
    try {
      gate.add(path);
      this.#paths.set(file, path);
    } catch (error) {
      // It was replaced meanwhile, or lies on a file system that does not take part.
      this.#log.debug('program-not-held', { path, ...describeError(error) });
    }
  }

  #remove(gate: NativeExecGate, file: string, path: string): void {
    this.#paths.delete(file);
    try {
      // Of a file that is gone the kernel has forgotten it.
      if (fileOf(path) === file) gate.remove(path);
    } catch (error) {
      this.#log.debug('program-not-let-go', describeError(error));
    }
  }

  #onWaiting(gate: NativeExecGate): void {
    const waiting = gate.read();
    for (let index = 0; index < waiting.length; index += 4) {
      const [pid = 0, device = 0, inode = 0, ticket = 0] = waiting.slice(index, index + 4);
      const rule = this.#rules.get(`${device}:${inode}`);
      void this.#letThrough(gate, ticket, rule === undefined ? null : this.#onStart(pid, rule));
    }
  }

  /** Whatever becomes of the move, the program goes on. */
  async #letThrough(gate: NativeExecGate, ticket: number, move: Promise<void> | null): Promise<void> {
    try {
      await move;
    } finally {
      gate.allow(ticket);
    }
  }
}

const WITHOUT = 'a program under a rule is met right after its start rather than before';
const ADVICE = 'start the service by its unit file, whose first step opens for it what this takes';

/** Device and number of a file, which are the same in every sandbox that sees it; null if it is not there. */
function fileOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? `${found.dev}:${found.ino}` : null;
}

/** Programs that this process starts itself: it must not wait for itself. */
const OWN_TOOLS = ['ip', 'nft', 'getent'];
