import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { monotonicMicros } from './monotonic.ts';

/** Says when a change of the lab was asked for and by when the kernel had confirmed it (CLOCK_MONOTONIC). */
export interface Moment {
  readonly askedMicros: number;
  /** The change took effect between `askedMicros` and this. */
  readonly inForceMicros: number;
}

/**
 * Keeps one `ip` or `nft` running inside a namespace and feeds it commands over a pipe.
 *
 * Starting a program costs 5 to 20 ms, a command to a running one 0.1 to 0.4 ms; a fault whose gap is judged in
 * milliseconds needs the second. Commands run one after the other, in the order of the calls.
 */
export class CommandChild {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #dialect: Dialect;
  #output = '';
  #failure: Error | null = null;
  #wake: () => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcessWithoutNullStreams, dialect: Dialect) {
    this.#child = child;
    this.#dialect = dialect;
    const take = (text: string): void => {
      this.#output += text;
      this.#wake();
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    child.once('error', fail);
    child.stdin.on('error', fail);
    child.once('exit', () => fail(new Error(`${dialect.name} in the namespace ended`)));
  }

  /** Starts `ip -batch` inside a namespace. */
  static ip(namespace: string): CommandChild {
    return CommandChild.#start(namespace, IP);
  }

  /** Starts `nft -i` inside a namespace. */
  static nft(namespace: string): CommandChild {
    return CommandChild.#start(namespace, NFT);
  }

  /**
   * Runs commands, one a line, and settles once the kernel has answered the last.
   *
   * @throws Error with the program's own words when one of them was refused; those after it ran all the same.
   */
  run(...commands: readonly string[]): Promise<Moment> {
    const turn = this.#last.then(() => this.#exchange(commands));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the program; commands that were handed over before are still carried out. */
  async close(): Promise<void> {
    await this.#last;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end(this.#dialect.farewell);
    await ended;
  }

  async #exchange(commands: readonly string[]): Promise<Moment> {
    this.#output = '';
    const askedMicros = monotonicMicros();
    this.#child.stdin.write(`${commands.join('\n')}\n${this.#dialect.echoCommand}\n`);
    while (!this.#output.includes(this.#dialect.echoMark)) {
      if (this.#failure !== null)
        throw new Error(`${this.#dialect.name}: ${this.#output.trim()}`, { cause: this.#failure });
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const inForceMicros = monotonicMicros();
    const complaint = this.#output.split('\n').find((line) => this.#dialect.isComplaint(line));
    if (complaint !== undefined) {
      throw new Error(`${this.#dialect.name} refused "${commands.join('; ')}": ${complaint.trim()}`);
    }
    return { askedMicros, inForceMicros };
  }

  static #start(namespace: string, dialect: Dialect): CommandChild {
    const args = ['netns', 'exec', namespace, 'sh', '-c', dialect.shellLine];
    return new CommandChild(spawn('ip', args, { stdio: 'pipe' }), dialect);
  }
}

/** How one program is driven over a pipe: its start, a harmless command whose answer marks the end, its complaints. */
interface Dialect {
  readonly name: string;
  readonly shellLine: string;
  readonly echoCommand: string;
  readonly echoMark: string;
  readonly farewell: string;
  isComplaint(line: string): boolean;
}

const IP: Dialect = {
  name: 'ip',
  // Without stdbuf the answers would wait in a 4 KiB buffer, since a pipe is no terminal.
  shellLine: 'exec stdbuf -oL ip -force -batch - 2>&1',
  echoCommand: 'link show dev lo',
  echoMark: 'link/loopback',
  farewell: '',
  isComplaint: (line) =>
    /^(Error|RTNETLINK answers|Cannot|Device|Command|Invalid|Object|Unknown)\b/.test(line),
};

const NFT: Dialect = {
  name: 'nft',
  shellLine: 'exec stdbuf -oL nft -i 2>&1',
  // Prints a line about the expression and changes nothing.
  echoCommand: 'describe tcp dport',
  echoMark: 'inet_service',
  farewell: 'quit\n',
  isComplaint: (line) => /^(Error|netlink|internal)\b|: Error:/.test(line),
};
