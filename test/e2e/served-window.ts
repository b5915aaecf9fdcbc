import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { projectDir } from '../lab/programs.ts';

/** `bowline ui` as a program of its own. Dispose ends it. */
export class ServedWindow implements AsyncDisposable {
  readonly #child: ChildProcess;
  #address = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Starts it for a daemon.
   *
   * @param through a command that gets the program's command line as its last arguments and becomes it
   * @throws Error if the program ends before it has told an address
   */
  static async start(socketPath: string, through: readonly string[] = []): Promise<ServedWindow> {
    const command = [
      ...through,
      join(projectDir(), 'bin/bowline'),
      'ui',
      '--no-open',
      '--socket',
      socketPath,
    ];
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    const served = new ServedWindow(child);
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout })
        .on('line', (line) => {
          served.#address = /http:\S+/.exec(line)?.[0] ?? served.#address;
          if (served.#address !== '') resolve();
        })
        .once('close', () => reject(new Error('bowline ui told no address')));
    });
    return served;
  }

  /** The address that opens the next window; another one once it was used. */
  get address(): string {
    return this.#address;
  }

  /** The program's process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}
