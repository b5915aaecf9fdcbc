import { setTimeout } from 'node:timers/promises';
import { StatusWatch } from './daemons.ts';
import type { ProcessUsage, Tunnel } from './daemons.ts';
import { ROAMING_CYCLE } from './cycle-plan.ts';
import type { CycleStep, LinkCondition } from './cycle-plan.ts';
import { carrier, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { LinkName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { Traffic } from './traffic.ts';
import type { StreamWindow, TrafficReport, TrafficWindow } from './traffic.ts';

/** What one window did, reduced to what a person compares; both directions taken together. */
export interface WindowFigures {
  /** Longest silence of either receiver, less the sender's own lateness. */
  readonly gapMicros: number;
  /** The same without that correction. */
  readonly rawGapMicros: number;
  readonly sent: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Longest pause of either transfer above 20 ms, else 0. */
  readonly stallMicros: number;
  readonly echoWorstMicros: number;
}

/** One step as it went. */
export interface StepReport extends CycleStep, WindowFigures {
  /** When the change was asked for (CLOCK_MONOTONIC). */
  readonly atMicros: number;
  /** Packets the tunnel sent again during the step; null without a tunnel. */
  readonly replayedPackets: number | null;
  /** Links that carried at the end of the step, as the daemon tells; empty without a tunnel. */
  readonly carrying: readonly string[];
  readonly window: TrafficWindow;
}

/** What the daemons used over a whole run. */
export interface DaemonUsage {
  readonly laptop: ProcessUsage;
  readonly box: ProcessUsage;
}

/** One run of the cycle. */
export interface CycleReport {
  readonly baseline: WindowFigures & { readonly window: TrafficWindow };
  readonly steps: readonly StepReport[];
  readonly whole: TrafficReport;
  readonly usage: DaemonUsage | null;
  /** What went wrong, one sentence each; empty when nothing was lost, doubled or closed. */
  readonly complaints: readonly string[];
}

/** Options of one run. */
export interface CycleOptions {
  readonly family?: 4 | 6;
  /** Null plays the cycle on the bare home, for comparison. */
  readonly tunnel: Tunnel | null;
  /** The changes to play; default the whole cycle. They have to end with both links up. */
  readonly steps?: readonly CycleStep[];
  /** Ends the run early; it rejects then. */
  readonly signal?: AbortSignal;
  readonly onBaseline?: (baseline: WindowFigures) => void;
  /** Called in order, a second after each step has ended; where nothing is left next, after that. */
  readonly onStep?: (step: StepReport) => void;
}

/** Time without any fault before the first, whose gaps are the machine's own. */
const BASELINE_MS = 5000;
/** Compilation and first connections are over after this. */
const WARM_UP_MS = 2000;
/** What has not come so long after a step ended is counted as lost in the live table; the totals count again. */
const SETTLE_MS = 1000;

/** Plays the roaming cycle once while traffic runs, and leaves both links up. */
export async function runRoamingCycle(home: VirtualHome, options: CycleOptions): Promise<CycleReport> {
  const sleep = async (durationMs: number): Promise<void> => {
    await setTimeout(durationMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  };
  await using traffic = await Traffic.start(home, { family: options.family ?? 4 });
  await using watch = options.tunnel === null ? null : new StatusWatch(options.tunnel);
  await sleep(WARM_UP_MS);
  const baselineFromMicros = monotonicMicros();
  await sleep(BASELINE_MS);
  const baselineWindow = { fromMicros: baselineFromMicros, untilMicros: monotonicMicros() };
  await sleep(200);
  const baselineTraffic = await traffic.window(baselineWindow);
  const baseline = { ...figures(baselineTraffic), window: baselineTraffic };
  options.onBaseline?.(baseline);

  const cables = new Cables(home);
  const steps: StepReport[] = [];
  const pending: Promise<void>[] = [];
  const plan = options.steps ?? ROAMING_CYCLE;
  for (const [index, step] of plan.entries()) {
    const replayedBefore = watch?.latest?.counters.packetsReplayed ?? 0;
    const fromMicros = monotonicMicros();
    await cables.apply(step.change);
    await sleep(step.holdMs);
    const window = { fromMicros, untilMicros: monotonicMicros() };
    const status = watch?.latest ?? null;
    const replayedPackets = status === null ? null : status.counters.packetsReplayed - replayedBefore;
    const carrying = status?.carrying ?? [];
    const next = plan[index + 1];
    const earlier = pending.at(-1);
    const settle = async (): Promise<void> => {
      // The last packets of a step that is followed by nothing at all wait until something is back.
      await sleep(SETTLE_MS + (next?.kind === 'all-lost' ? next.holdMs : 0));
      await earlier;
      const seen = await traffic.window(window);
      const report = {
        ...step,
        ...figures(seen),
        atMicros: fromMicros,
        replayedPackets,
        carrying,
      };
      steps.push({ ...report, window: seen });
      options.onStep?.({ ...report, window: seen });
    };
    const settled = settle();
    // Awaited with all others below; until then a failure must not count as unhandled.
    settled.catch(() => undefined);
    pending.push(settled);
  }
  await Promise.all(pending);
  const usage =
    options.tunnel === null
      ? null
      : { laptop: options.tunnel.laptop.usage(), box: options.tunnel.box.usage() };
  const whole = await traffic.finish();
  return { baseline, steps, whole, usage, complaints: complaintsOf(whole) };
}

/** Plugs and unplugs links; remembers what is wrong with each, so that any condition can follow any other. */
export class Cables {
  readonly #home: VirtualHome;
  readonly #faults = new Map<LinkName, { readonly condition: LinkCondition; readonly fault: Fault }>();

  constructor(home: VirtualHome) {
    this.#home = home;
  }

  /** Tells how a link is now. */
  condition(link: LinkName): LinkCondition {
    return this.#faults.get(link)?.condition ?? 'up';
  }

  /** Brings links into conditions, those that come up first. */
  async apply(change: Partial<Readonly<Record<LinkName, LinkCondition>>>): Promise<void> {
    const changed = LINK_NAMES.filter(
      (link) => (change[link] ?? this.condition(link)) !== this.condition(link),
    );
    for (const link of changed.filter((link) => change[link] === 'up')) {
      await this.#restore(link);
    }
    for (const link of changed) {
      const condition = change[link];
      if (condition === undefined || condition === 'up') {
        continue;
      }
      await this.#restore(link);
      const fault =
        condition === 'silent' ? await silent(this.#home, link, 'both') : await carrier(this.#home, link);
      this.#faults.set(link, { condition, fault });
    }
  }

  async #restore(link: LinkName): Promise<void> {
    await this.#faults.get(link)?.fault.undo();
    this.#faults.delete(link);
  }
}

/** Reduces a window to its figures. */
export function figures(window: TrafficWindow): WindowFigures {
  const directions = [window.up, window.down].filter((stream): stream is StreamWindow => stream !== null);
  const most = (pick: (stream: StreamWindow) => number): number => Math.max(0, ...directions.map(pick));
  const sum = (pick: (stream: StreamWindow) => number): number =>
    directions.reduce((total, stream) => total + pick(stream), 0);
  const raw = (stream: StreamWindow): number =>
    stream.longest === null ? 0 : stream.longest.untilMicros - stream.longest.fromMicros;
  return {
    gapMicros: most((stream) => stream.longestCorrected?.correctedMicros ?? 0),
    rawGapMicros: most(raw),
    sent: sum((stream) => stream.sent),
    lost: sum((stream) => stream.lost),
    duplicated: sum((stream) => stream.duplicated),
    stallMicros: Math.max(window.downloadStallMicros, window.uploadStallMicros),
    echoWorstMicros: window.echo?.worstMicros ?? 0,
  };
}

/** Says in sentences what was lost, doubled or closed. */
export function complaintsOf(report: TrafficReport): string[] {
  const complaints: string[] = [];
  for (const [direction, stream] of [
    ['to the internet', report.whole.up],
    ['from the internet', report.whole.down],
  ] as const) {
    if (stream === null) {
      continue;
    }
    if (stream.lost > 0) {
      complaints.push(`${stream.lost} of ${stream.sent} UDP packets ${direction} were lost`);
    }
    if (stream.duplicated > 0) {
      complaints.push(`${stream.duplicated} UDP packets ${direction} came twice`);
    }
    if (stream.received === 0) {
      complaints.push(`no UDP packet ${direction} arrived`);
    }
  }
  if (report.download !== null && report.download.error !== null) {
    complaints.push(`the download failed: ${report.download.error}`);
  }
  if (report.upload !== null && report.upload.error !== null) {
    complaints.push(`the upload failed: ${report.upload.error}`);
  }
  if (report.echo !== null && report.echo.error !== null) {
    complaints.push(`the SSH-like session failed: ${report.echo.error}`);
  }
  return complaints;
}
