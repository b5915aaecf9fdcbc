import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { projectDir } from '../lab/programs.ts';

/** Nobody: in no group, owner of nothing. */
const STRANGER_ID = 65_534;

/** `bowline ui` run by a user whom no daemon knows. Dispose ends it. */
export class WindowAsStranger implements AsyncDisposable {
  /** The address that opens a window. */
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** @throws Error if the program ends before it has told an address */
  static async start(socketPath: string): Promise<WindowAsStranger> {
    const command = [join(projectDir(), 'bin/bowline'), 'ui', '--no-open', '--socket', socketPath];
    const identity = [`--reuid=${STRANGER_ID}`, `--regid=${STRANGER_ID}`, '--clear-groups', '--'];
    const child = spawn('setpriv', [...identity, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /http:\S+/.exec(line)?.[0];
      if (address !== undefined) return new WindowAsStranger(child, address);
    }
    throw new Error('bowline ui told no address');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}
