import { cpus, release, totalmem } from 'node:os';
import type { Contender, ContenderName } from './contender.ts';
import { FIGURE_NAMES } from './figures.ts';
import type { Failure, FigureName } from './figures.ts';
import type { BenchPlan, Outcome } from './rounds.ts';
import { summarise } from './statistics.ts';
import type { Samples, Summary } from './statistics.ts';
import type { Durations } from './steps.ts';
import { ratiosTo } from './verdicts.ts';
import type { Verdict } from './verdicts.ts';

/** The report as it is written to a file. Names of figures carry their units. */
export interface BenchReport {
  readonly format: 1;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: {
    readonly kernel: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
  };
  readonly plan: { readonly rounds: number; readonly durations: Durations };
  readonly contenders: Readonly<Partial<Record<ContenderName, ContenderReport>>>;
  /** Contenders that could not be measured here, and why. */
  readonly skipped: Readonly<Partial<Record<ContenderName, string>>>;
  /** Bowline's figures as multiples of another contender's, each round against itself. */
  readonly bowlineRatios: Readonly<Partial<Record<ContenderName, Figured>>>;
  readonly verdicts: readonly Verdict[];
  readonly failures: readonly Failure[];
}

export interface ContenderReport {
  readonly label: string;
  readonly version: string;
  readonly setting: string;
  readonly figures: Figured;
}

type Figured = Readonly<Partial<Record<FigureName, Summary & { readonly samples: Samples }>>>;

/** What a report says besides the figures. */
export interface RunFacts {
  readonly startedAt: Date;
  readonly plan: BenchPlan;
  readonly versions: ReadonlyMap<ContenderName, string>;
  readonly skipped: ReadonlyMap<Contender, string>;
  readonly verdicts: readonly Verdict[];
}

/** Puts a report together at the end of a run. */
export function makeReport({ figures, failures }: Outcome, facts: RunFacts): BenchReport {
  const { plan, startedAt } = facts;
  const contenders: Partial<Record<ContenderName, ContenderReport>> = {};
  const bowlineRatios: Partial<Record<ContenderName, Figured>> = {};
  for (const { name, label, setting } of plan.contenders) {
    const version = facts.versions.get(name) ?? '';
    contenders[name] = {
      label,
      version,
      setting,
      figures: figured((figure) => figures.samples(name, figure)),
    };
    if (name !== 'bowline') bowlineRatios[name] = figured((figure) => ratiosTo(figures, name, figure));
  }
  return {
    format: 1,
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    machine: {
      kernel: release(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
    },
    plan: { rounds: plan.rounds, durations: plan.durations },
    contenders,
    skipped: Object.fromEntries([...facts.skipped].map(([{ name }, reason]) => [name, reason])),
    bowlineRatios,
    verdicts: facts.verdicts,
    failures,
  };
}

function figured(samplesOf: (figure: FigureName) => Samples): Figured {
  const found: Partial<Record<FigureName, Summary & { readonly samples: Samples }>> = {};
  for (const figure of FIGURE_NAMES) {
    const samples = samplesOf(figure);
    const summary = summarise(samples);
    if (summary !== null) found[figure] = { ...summary, samples };
  }
  return found;
}
