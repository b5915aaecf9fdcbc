import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from './home.ts';
import type { NodeName } from './home-plan.ts';
import { projectDir, runProgram } from './programs.ts';

/** The probes; each is a program of its own (`probes/<name>.ts`). */
const PROBE_NAMES = [
  'udp-client',
  'udp-server',
  'tcp-client',
  'tcp-server',
  'echo-client',
  'pairing-attacker',
] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];

/** What a probe may be asked, by method. */
export type RequestTable = Record<string, { readonly params: unknown; readonly result: unknown }>;

/** A probe that runs on a node of the home and is asked over its standard input. Dispose ends it. */
export class ProbeProcess<Requests extends RequestTable> implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  #nextId = 0;
  #buffer = '';
  #errorText = '';
  #failure: Error | null = null;

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errorText += text));
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => this.#fail(error));
    child.once('close', () => this.#fail(new Error(`probe ${name} ended: ${this.#errorText.trim()}`)));
  }

  /**
   * Starts a probe on a node.
   *
   * It runs at real-time priority: a probe uses a few per cent of a core, and a measuring process that waits for the
   * processor reports its own waiting as a gap of the network.
   *
   * @param isMeasuring false for a bulk transfer, which must not displace what it measures.
   */
  static async start<Requests extends RequestTable>(
    home: VirtualHome,
    node: NodeName,
    probe: ProbeName,
    isMeasuring: boolean,
  ): Promise<ProbeProcess<Requests>> {
    const scriptPath = join(await bundleProbes(home.tempDir), `${probe}.mjs`);
    const program = [process.execPath, ...PROBE_FLAGS, scriptPath];
    const [file = '', ...args] = isMeasuring ? ['chrt', '--rr', '1', ...program] : program;
    const child = home.spawn(node, file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    return new ProbeProcess<Requests>(`${probe} on ${node}`, child);
  }

  /** Asks the probe; rejects with the probe's own error, or when it ends. */
  ask<Name extends keyof Requests & string>(
    method: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result']> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure !== null) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    await ended;
  }

  #take(text: string): void {
    this.#buffer += text;
    for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
      const answer = JSON.parse(this.#buffer.slice(0, end)) as { id: number; result?: never; error?: string };
      this.#buffer = this.#buffer.slice(end + 1);
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.result as never);
      else waiting?.reject(new Error(`probe ${this.#name}: ${answer.error}`));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** A young generation of 16 MiB makes the collections of a probe rare and short. */
const PROBE_FLAGS = ['--max-semi-space-size=16'];

/** Bundles by folder, so that a home bundles once. */
const bundles = new Map<string, Promise<string>>();

function bundleProbes(tempDir: string): Promise<string> {
  const known = bundles.get(tempDir);
  if (known !== undefined) return known;
  const made = bundleInto(join(tempDir, 'probes'));
  bundles.set(tempDir, made);
  return made;
}

async function bundleInto(outDir: string): Promise<string> {
  mkdirSync(outDir, { recursive: true });
  const entries = PROBE_NAMES.map((name) => join(projectDir(), 'test/lab/probes', `${name}.ts`));
  const options = ['--bundle', '--platform=node', '--format=esm', '--target=node20', '--log-level=warning'];
  await runProgram(join(projectDir(), 'node_modules/.bin/esbuild'), [
    ...entries,
    ...options,
    // The DNS codec of the attacker is a CommonJS module.
    "--banner:js=import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    '--out-extension:.js=.mjs',
    `--outdir=${outDir}`,
  ]);
  return outDir;
}
