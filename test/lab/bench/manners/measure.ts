import type { Samples } from '../statistics.ts';
import { summarise } from '../statistics.ts';

/** One thing that is measured, with its baseline, in one run. */
export interface Measure {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly targets: readonly Target[];
  /** How long a round takes, about. */
  readonly seconds: number;
  /**
   * Measures one round, in a home of its own.
   *
   * @param round counted from 0.
   */
  run(round: number, signal: AbortSignal): Promise<readonly Reading[]>;
}

/** One figure of every line of a measure. */
export interface Column {
  readonly name: string;
  /** With its unit. */
  readonly label: string;
  readonly digits: number;
}

/** What a figure has to be, as the median over the rounds. */
export interface Target {
  readonly text: string;
  readonly column: string;
  /** The one line that it is for; absent: every line that has the figure. */
  readonly line?: string;
  readonly most?: number;
  readonly least?: number;
}

/** The figures of one line from one round. A figure that a line has not is left out, and no target judges it. */
export interface Reading {
  readonly line: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** A target and what came of it. */
export interface MannersVerdict {
  readonly target: string;
  readonly outcome: 'met' | 'missed' | 'not measured';
  /** Of the worst line. */
  readonly evidence: string;
}

/** All readings of one measure over the rounds. */
export class MannersFigures {
  readonly measure: Measure;
  readonly #rounds: number;
  readonly #samples = new Map<string, Map<string, (number | null)[]>>();

  constructor(measure: Measure, rounds: number) {
    this.measure = measure;
    this.#rounds = rounds;
  }

  /** @param round counted from 0. */
  add(round: number, readings: readonly Reading[]): void {
    for (const { line, figures } of readings) {
      const columns = this.#samples.get(line) ?? new Map<string, (number | null)[]>();
      this.#samples.set(line, columns);
      for (const [column, value] of Object.entries(figures)) {
        const samples = columns.get(column) ?? new Array<number | null>(this.#rounds).fill(null);
        columns.set(column, samples);
        samples[round] = value;
      }
    }
  }

  /** In the order in which they were first measured. */
  get lines(): readonly string[] {
    return [...this.#samples.keys()];
  }

  samples(line: string, column: string): Samples {
    return this.#samples.get(line)?.get(column) ?? new Array<null>(this.#rounds).fill(null);
  }
}

/** Holds the medians of every line against the targets of the measure. */
export function judgeMeasure(figures: MannersFigures): readonly MannersVerdict[] {
  return figures.measure.targets.map((target) => {
    const lines = figures.lines.filter((line) => line === (target.line ?? line));
    const judged = lines.flatMap((line) => {
      const summary = summarise(figures.samples(line, target.column));
      return summary === null ? [] : [{ line, value: summary.median }];
    });
    const sign = target.least === undefined ? 1 : -1;
    const [worst] = judged.sort((a, b) => sign * (b.value - a.value));
    if (worst === undefined) {
      return { target: target.text, outcome: 'not measured', evidence: 'no round gave a figure' };
    }
    const isMet = worst.value <= (target.most ?? Infinity) && worst.value >= (target.least ?? -Infinity);
    const column = figures.measure.columns.find(({ name }) => name === target.column);
    const evidence = `${worst.line}: ${column?.label ?? target.column} ${worst.value.toFixed(column?.digits ?? 2)}`;
    return { target: target.text, outcome: isMet ? 'met' : 'missed', evidence };
  });
}

/** Renders the lines of a measure as a table: medians, lowest to highest in brackets. */
export function renderMeasure(figures: MannersFigures): string {
  const { title, columns } = figures.measure;
  const rows = [
    ['', ...columns.map(({ label }) => label)],
    ...figures.lines.map((line) => [
      line,
      ...columns.map(({ name, digits }) => {
        const summary = summarise(figures.samples(line, name));
        if (summary === null) return '-';
        const [median, min, max] = [summary.median, summary.min, summary.max].map((value) =>
          value.toFixed(digits),
        );
        return summary.count === 1 ? (median ?? '') : `${median} (${min}-${max})`;
      }),
    ]),
  ];
  const widths = ['', ...columns].map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('   '));
  return [title, ...lines.map((line) => `  ${line.trimEnd()}`)].join('\n');
}
