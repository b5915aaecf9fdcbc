import type { BenchHome } from './bench-home.ts';
import type { Contender, RunningContender } from './contender.ts';
import { FigureTable } from './figures.ts';
import type { Failure } from './figures.ts';
import { STEPS } from './steps.ts';
import type { Durations, Step } from './steps.ts';

/** What is measured how often. */
export interface BenchPlan {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly durations: Durations;
}

/** Everything that came out. */
export interface Outcome {
  readonly figures: FigureTable;
  readonly failures: readonly Failure[];
}

/** Says how a measurement went, as soon as it is known. */
export type ReportProgress = (line: string) => void;

/**
 * Measures contender after contender, round after round, so that a slow minute of the machine hits all of them. Every
 * round begins with another one. A measurement that fails is noted and the others go on.
 *
 * @throws the signal's reason when aborted, after the running contender was stopped.
 */
export async function runRounds(
  bench: BenchHome,
  plan: BenchPlan,
  reportProgress: ReportProgress,
  signal: AbortSignal,
): Promise<Outcome> {
  const figures = new FigureTable(plan.rounds);
  const failures: Failure[] = [];
  const total = visits(plan).reduce((sum, { steps }) => sum + steps.length, 0);
  let done = 0;

  for (const { contender, round, steps, laptops } of visits(plan)) {
    const report = (step: string, text: string): void => {
      const position = `[${String(++done).padStart(String(total).length)}/${total}]`;
      reportProgress(
        `${position} round ${round + 1}  ${contender.label.padEnd(22)} ${step.padEnd(24)} ${text}`,
      );
    };
    const fail = (step: string, error: unknown): void => {
      signal.throwIfAborted();
      const reason = describeError(error);
      failures.push({ round: round + 1, contender: contender.name, step, reason });
      report(step, `FAILED: ${reason}`);
    };
    signal.throwIfAborted();
    let running: RunningContender;
    try {
      const machines = [bench.laptop, bench.secondLaptop].slice(0, laptops);
      running = await contender.start(bench, machines, signal);
    } catch (error) {
      done += steps.length - 1;
      fail(laptops === 1 ? 'set up' : 'set up with two laptops', error);
      continue;
    }
    try {
      for (const step of steps) {
        try {
          const result = await step.run({ bench, contender, running, durations: plan.durations, signal });
          figures.add(contender.name, round, result);
          report(step.title, step.describe(result));
        } catch (error) {
          fail(step.title, error);
        }
      }
    } finally {
      await running.stop();
    }
  }
  return { figures, failures };
}

/** Estimates how long a plan takes, in seconds. */
export function estimateSeconds(plan: BenchPlan): number {
  return visits(plan)
    .flatMap(({ steps }) => [START_SECONDS, ...steps.map((step) => step.seconds(plan.durations))])
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** Setting one up and taking it down, about. */
const START_SECONDS = 2;

/** One contender set up for some steps. */
interface Visit {
  readonly contender: Contender;
  /** Counted from 0. */
  readonly round: number;
  readonly laptops: 1 | 2;
  readonly steps: readonly Step[];
}

function visits({ contenders, rounds }: BenchPlan): readonly Visit[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % Math.max(1, contenders.length);
    const order = [...contenders.slice(first), ...contenders.slice(0, first)];
    return order.flatMap((contender) =>
      ([1, 2] as const).map((laptops) => {
        const steps = STEPS.filter(
          (step) => step.laptops === laptops && step.appliesTo(contender) && (round === 0 || !step.isOnce),
        );
        return { contender, round, laptops, steps };
      }),
    );
  })
    .flat()
    .filter(({ steps }) => steps.length > 0);
}

function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]?.slice(0, 300) ?? text;
}
