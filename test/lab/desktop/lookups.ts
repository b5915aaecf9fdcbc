import type { ChildProcess } from 'node:child_process';
import type { Scene } from '../scene.ts';

/** What became of one lookup. */
export interface Lookup {
  readonly name: string;
  readonly tookMs: number;
  /** Null if it failed. */
  readonly address: string | null;
}

/** Looks names up on the laptop all the time, each name once, as programs do: by the C library. */
export class Lookups implements AsyncDisposable {
  private readonly child: ChildProcess;
  private text = '';

  private constructor(scene: Scene, domain: string) {
    const script = `
      import { lookup } from 'node:dns/promises';
      for (let i = 0; ; i++) {
        const name = 'n' + i + '.${domain}';
        const start = performance.now();
        const address = await lookup(name, { family: 4 }).then((answer) => answer.address, () => null);
        console.log(JSON.stringify({ name, tookMs: performance.now() - start, address }));
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    `;
    const args = ['--input-type=module', '--eval', script];
    this.child = scene.home.spawn('laptop', process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  static async start(scene: Scene, domain: string): Promise<Lookups> {
    const lookups = scene.use(new Lookups(scene, domain));
    await scene.until('the first lookups', () => (lookups.all.length > 2 ? true : null));
    return lookups;
  }

  get all(): readonly Lookup[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Lookup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}
