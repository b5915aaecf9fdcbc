import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Moment } from '../command-child.ts';
import { compileProgram } from '../compile.ts';
import type { DirectionShape, LinkName, LinkShape } from '../home-plan.ts';
import { monotonicMicros } from '../monotonic.ts';

/** What can be changed on an emulated link while it runs; fields left out stay as they are. */
export interface ShapeChange extends Partial<DirectionShape> {
  /** Swallows every frame; the carrier stays up. */
  readonly blackHole?: boolean;
}

/** Which way of a link; `up` is from the laptop. */
export type Direction = 'up' | 'down';

/** Counters of one direction since the emulator started. */
export interface DirectionCounters {
  readonly received: number;
  readonly sent: number;
  readonly duplicated: number;
  readonly lost: number;
  readonly queueDrops: number;
  readonly blackHoled: number;
  /** Frames that were under way when a device went down. */
  readonly carrierDrops: number;
  /** Frames that the kernel dropped before the emulator read them, or refused to send; not 0 means an overloaded lab. */
  readonly kernelDrops: number;
}

/** When a frame came to the emulator and when it is delivered, of the lab's one clock; 0 if it is not. */
export type FrameFate = readonly [arrivedMicros: number, dueMicros: number];

/**
 * Runs the link emulator of one home: a C++ program (`link-emulator.cc`) inside the air namespace that carries the
 * frames of every shaped link. Compiled on first use.
 */
export class LinkEmulator {
  readonly #namespace: string;
  readonly #seed: number;
  #child: ChildProcessWithoutNullStreams | null = null;
  #buffer = '';
  #failure: Error | null = null;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(airNamespace: string, seed: number) {
    this.#namespace = airNamespace;
    this.#seed = seed;
  }

  /** Compiles if needed and starts the program. */
  async start(): Promise<void> {
    const programPath = await compileProgram('emulator/link-emulator.cc');
    // A real link does not wait for a processor; the emulator waits for it as little as ordinary scheduling allows.
    const args = ['netns', 'exec', this.#namespace, 'nice', '-n', '-10', programPath, String(this.#seed)];
    const child = spawn('ip', args, { stdio: 'pipe' });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => this.#fail(new Error(`link emulator: ${text.trim()}`)));
    child.stdin.on('error', (error) => this.#fail(error));
    child.once('error', (error) => this.#fail(error));
    child.once('exit', () => this.#fail(new Error('link emulator ended')));
  }

  /** Process id while it runs, for whoever accounts for processor time. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Opens (again) the devices of a link; needed after its device was re-created. The shape is kept. */
  attach(link: LinkName): Promise<Moment> {
    return this.#ask({ attach: link, near: `${link}p`, far: `${link}e` });
  }

  /** Gives a link a whole shape. */
  async shape(link: LinkName, shape: LinkShape): Promise<Moment> {
    if (shape === null) throw new Error(`link ${link} is plain`);
    if (!('up' in shape)) return this.change(link, 'both', { ...OPTIONAL_DEFAULTS, ...shape });
    await this.change(link, 'up', { ...OPTIONAL_DEFAULTS, ...shape.up });
    return this.change(link, 'down', { ...OPTIONAL_DEFAULTS, ...shape.down });
  }

  /** Changes some of a link's conditions; in force for every frame that arrives after it settles. */
  change(link: LinkName, direction: Direction | 'both', change: ShapeChange): Promise<Moment> {
    return this.#ask({ link, direction, ...change });
  }

  /** Reads the counters of a link. */
  async counters(link: LinkName): Promise<Record<Direction, DirectionCounters>> {
    const answer = await this.#exchange({ counters: link });
    return answer as unknown as Record<Direction, DirectionCounters>;
  }

  /** Remembers from now on what becomes of frames on a link that are at least this long, Ethernet header included. */
  record(link: LinkName, leastBytes: number): Promise<Moment> {
    return this.#ask({ record: link, leastBytes });
  }

  /** Tells what became of the frames since `record`, in the order of their arrival. */
  async fates(link: LinkName): Promise<Record<Direction, readonly FrameFate[]>> {
    const answer = await this.#exchange({ fates: link });
    return answer as unknown as Record<Direction, readonly FrameFate[]>;
  }

  /** Ends the program; frames that still wait are lost. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }

  async #ask(request: object): Promise<Moment> {
    const askedMicros = monotonicMicros();
    await this.#exchange(request);
    return { askedMicros, inForceMicros: monotonicMicros() };
  }

  async #exchange(request: object): Promise<Answer> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#child === null) throw new Error('link emulator is not running');
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await new Promise<Answer>((resolve) => this.#waiting.push(resolve));
    if (answer.error !== undefined)
      throw new Error(`link emulator refused ${JSON.stringify(request)}: ${answer.error}`);
    return answer;
  }

  #take(text: string): void {
    this.#buffer += text;
    for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 1);
      this.#waiting.shift()?.(JSON.parse(line) as Answer);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const resolve of this.#waiting.splice(0)) resolve({ error: error.message });
  }
}

interface Answer {
  readonly error?: string;
}

const OPTIONAL_DEFAULTS = { lossBurstFrames: 1, duplicateRatio: 0, reorders: false } as const;
