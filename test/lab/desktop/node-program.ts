import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from '../home.ts';
import type { NodeName } from '../home-plan.ts';

/** A program of somebody else that runs on a node until it is stopped; what it prints goes to a file. */
export class NodeProgram implements AsyncDisposable {
  readonly logPath: string;
  private readonly child: ChildProcess;

  constructor(home: VirtualHome, node: NodeName, label: string, command: readonly string[]) {
    const dir = join(home.tempDir, 'logs');
    mkdirSync(dir, { recursive: true });
    this.logPath = join(dir, `${node}-${label}.log`);
    const log = openSync(this.logPath, 'a');
    const [file = '', ...args] = command;
    this.child = home.spawn(node, file, args, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** What it printed so far. */
  get log(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Ends it and settles when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    // What does not end in order is ended anyway: it is not what is tested.
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
