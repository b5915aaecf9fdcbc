import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { compileLibrary } from './compile.ts';

/** What goes wrong below the watched folder, at which step that changes something there; see `faulty-libc.cc`. */
export type DiskFault =
  | { readonly kind: 'none' }
  /** The process is killed before the step, or in the middle of it if it is a write. */
  | { readonly kind: 'dies'; readonly atStep: number }
  /** From the step on there is no space, until another fault is set. */
  | { readonly kind: 'full'; readonly atStep: number };

const KINDS: readonly DiskFault['kind'][] = ['none', 'dies', 'full'];
const WORD_BYTES = 4;
const STEPS_WORD = 2;
const SECONDS_AHEAD_WORD = 3;

/** A disk and a clock for one daemon that fail as they are told to. */
export class FaultyMachine {
  /** Starts a daemon on it; for {@link DaemonProcess}. */
  readonly through: readonly string[];
  readonly #planPath: string;

  private constructor(planPath: string, through: readonly string[]) {
    this.#planPath = planPath;
    this.through = through;
  }

  /**
   * @param planPath a file of its own.
   * @param stateDir the folder whose steps are counted.
   */
  static async create(planPath: string, stateDir: string): Promise<FaultyMachine> {
    const library = await compileLibrary('faulty-libc/faulty-libc.cc');
    const variables = [`FAULTY_PLAN=${planPath}`, `FAULTY_BELOW=${stateDir}`, `LD_PRELOAD=${library}`];
    const machine = new FaultyMachine(planPath, ['env', ...variables]);
    closeSync(openSync(planPath, 'w'));
    machine.#write(0, 0, 0, 0, 0);
    return machine;
  }

  /** Sets the fault of the disk; steps are counted from here. */
  setDisk(fault: DiskFault): void {
    this.#write(0, 0);
    this.#write(1, fault.kind === 'none' ? 0 : fault.atStep, 0);
    this.#write(0, KINDS.indexOf(fault.kind));
  }

  /** Steps since {@link setDisk}. */
  get steps(): number {
    const word = Buffer.alloc(WORD_BYTES);
    const file = openSync(this.#planPath, 'r');
    readSync(file, word, 0, WORD_BYTES, STEPS_WORD * WORD_BYTES);
    closeSync(file);
    return word.readInt32LE();
  }

  /** Puts the monotonic clocks forward from what they are without. */
  setClockAhead(seconds: number): void {
    this.#write(SECONDS_AHEAD_WORD, seconds);
  }

  #write(word: number, ...values: readonly number[]): void {
    // In place: the daemon has the file mapped.
    const file = openSync(this.#planPath, 'r+');
    writeSync(file, Int32Array.from(values), 0, values.length * WORD_BYTES, word * WORD_BYTES);
    closeSync(file);
  }
}
