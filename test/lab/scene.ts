import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepLogs, startTunnel } from './daemons.ts';
import type { Tunnel, TunnelOptions } from './daemons.ts';
import { VirtualHome } from './home.ts';
import type { HomeOptions } from './home.ts';
import { NODE_NAMES } from './home-plan.ts';
import type { NodeName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { Traffic } from './traffic.ts';
import type { TrafficOptions } from './traffic.ts';

/**
 * One test in a home of its own. Whatever is waited for has a name here, so that a failure tells what it was waiting
 * for and what had happened before.
 */
export class Scene {
  readonly home: VirtualHome;
  readonly #startedMicros = monotonicMicros();
  readonly #notes: string[] = [];
  readonly #resources: AsyncDisposable[] = [];
  #tunnel: Tunnel | null = null;

  constructor(home: VirtualHome) {
    this.home = home;
  }

  /** Remembers what happened, for the case of a failure. */
  note(text: string): void {
    const seconds = (monotonicMicros() - this.#startedMicros) / 1e6;
    this.#notes.push(`${seconds.toFixed(3).padStart(9)} s  ${text}`);
  }

  /** Remembers a figure and prints it. */
  report(text: string): void {
    this.note(text);
    console.log(text);
  }

  /** What happened so far, one line each. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Lets time pass; `why` says what happens meanwhile. */
  async pause(why: string, durationMs: number): Promise<void> {
    this.note(`${why}: ${Math.round(durationMs)} ms`);
    await sleep(durationMs);
  }

  /**
   * Asks every 50 ms until there is an answer.
   *
   * @throws Error naming what was waited for.
   */
  async until<Answer>(
    what: string,
    look: () => Promise<Answer | null> | Answer | null,
    timeoutMs = 10_000,
  ): Promise<Answer> {
    this.note(`waiting for ${what}`);
    const deadline = monotonicMicros() + timeoutMs * 1000;
    for (;;) {
      const answer = await look();
      if (answer !== null) return answer;
      if (monotonicMicros() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
      await sleep(50);
    }
  }

  /** Keeps something until the scene ends; the last is disposed of first. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#resources.push(resource);
    return resource;
  }

  /** Starts both daemons; they stop in order when the scene ends. */
  async tunnel(options: TunnelOptions = {}): Promise<Tunnel> {
    this.note('starting box and laptop');
    const tunnel = this.use(await startTunnel(this.home, options));
    this.note('the tunnel is up');
    this.#tunnel = tunnel;
    return tunnel;
  }

  /** Starts traffic; it is ended when the scene ends. */
  async traffic(options: TrafficOptions = {}): Promise<Traffic> {
    this.note('starting traffic');
    const traffic = this.use(await Traffic.start(this.home, options));
    this.note('traffic flows');
    return traffic;
  }

  /** Disposes of everything that is kept, also after one of them failed. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const resource of this.#resources.splice(0).reverse()) {
      try {
        await resource[Symbol.asyncDispose]();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Writes what is known about every node next to the daemons' logs, and tells the folder. */
  async keepEvidence(): Promise<string> {
    const status = await this.#tunnel?.status().catch(() => null);
    const boxStatus = await this.#tunnel?.boxStatus().catch(() => null);
    const keptDir = keepLogs(this.home);
    mkdirSync(keptDir, { recursive: true });
    writeFileSync(join(keptDir, 'scene.txt'), `${this.#notes.join('\n')}\n`);
    writeFileSync(join(keptDir, 'status.json'), `${JSON.stringify({ status, boxStatus }, null, 2)}\n`);
    const nodes: readonly NodeName[] = [...NODE_NAMES, 'guest'];
    for (const node of nodes) {
      const { stdout, stderr } = await this.home.tryRun(node, 'sh', ['-c', EVIDENCE]);
      if (stdout !== '') writeFileSync(join(keptDir, `${node}.txt`), stdout + stderr);
    }
    return keptDir;
  }
}

/** Builds a home, plays in it and takes it down; a failure names the folder with the logs of all nodes. */
export async function inHome(options: HomeOptions, play: (scene: Scene) => Promise<void>): Promise<void> {
  await using home = await VirtualHome.create(options);
  const scene = new Scene(home);
  try {
    await play(scene);
  } catch (error) {
    const failure = await withEvidence(scene, error);
    await scene.close().catch(() => undefined);
    // Once more: how the daemons ended belongs to the story.
    keepLogs(home);
    throw failure;
  }
  try {
    await scene.close();
  } catch (error) {
    throw await withEvidence(scene, error);
  }
}

async function withEvidence(scene: Scene, error: unknown): Promise<unknown> {
  const keptDir = await scene.keepEvidence();
  if (!(error instanceof Error)) return new Error(`${String(error)}; logs: ${keptDir}`);
  // Changed in place: the runner shows the difference of an assertion from the error's own fields.
  const last = scene.notes.slice(-NOTES_SHOWN).map((note) => `  ${note}`);
  error.message += `\nlast:\n${last.join('\n')}\nlogs of all nodes: ${keptDir}`;
  return error;
}

/** More is in the kept `scene.txt`. */
const NOTES_SHOWN = 12;

const EVIDENCE = [
  'ip -s addr',
  'ip -4 rule',
  'ip -6 rule',
  'ip -4 route show table all',
  'ip -6 route show table all',
  'ip neigh',
  'nft list ruleset',
  'ss -tuanpi',
]
  .map((command) => `echo; echo '$ ${command}'; ${command}`)
  .join('; ');
