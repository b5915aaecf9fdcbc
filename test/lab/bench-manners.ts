/** `npm run bench:manners`: measures how Bowline behaves under load: delay, rate steps, fairness, copies, costs. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { missingPrograms } from './bench/contender.ts';
import { cpu } from './bench/manners/cpu.ts';
import { duplicates } from './bench/manners/duplicates.ts';
import { fairness } from './bench/manners/fairness.ts';
import { latency } from './bench/manners/latency.ts';
import { judgeMeasure, MannersFigures, renderMeasure } from './bench/manners/measure.ts';
import type { Measure, Reading } from './bench/manners/measure.ts';
import { redundant } from './bench/manners/redundant.ts';
import { sparse } from './bench/manners/sparse.ts';
import { step } from './bench/manners/step.ts';

const MEASURES: readonly Measure[] = [latency, step, fairness, sparse, redundant, duplicates, cpu];
const DEFAULT_ROUNDS = 5;
/** As shells count a death by SIGINT. */
const EXIT_INTERRUPTED = 130;

const HELP = `Usage: npm run bench:manners -- [OPTIONS]

Measures what two links do to delay, to fairness and to the processor, each beside its baseline in the same run.
Needs root.

  --only NAMES      only these, separated by commas: ${MEASURES.map(({ name }) => name).join(', ')}
  --rounds N        rounds to measure, 1 to 99 (default ${DEFAULT_ROUNDS})
  --json FILE       write the figures to FILE
  --help            show this
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const rounds = Number(values.rounds);
  const wanted = values.only?.split(',') ?? MEASURES.map(({ name }) => name);
  const measures = MEASURES.filter(({ name }) => wanted.includes(name));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99 || measures.length !== wanted.length) {
    process.stderr.write(HELP);
    return 2;
  }
  if (process.getuid?.() !== 0) {
    console.error(
      'The benchmark builds network namespaces, which needs root. Run: sudo npm run bench:manners',
    );
    return 4;
  }
  const obstacle = missingPrograms(['iperf3', 'chrt'], 'iperf3, util-linux');
  if (obstacle !== null) {
    console.error(obstacle);
    return 1;
  }
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => abort.abort(new Error('interrupted')));
  const seconds = rounds * measures.reduce((sum, measure) => sum + measure.seconds, 0);
  console.log(
    `Measuring ${measures.length} manners, ${rounds} rounds, about ${Math.ceil(seconds / 60)} min.\n`,
  );
  let figures: readonly MannersFigures[];
  try {
    figures = await measureAll(measures, rounds, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  }
  for (const measured of figures) console.log(`\n${renderMeasure(measured)}`);
  console.log('\nTargets');
  const verdicts = figures.flatMap(judgeMeasure);
  for (const { target, outcome, evidence } of verdicts) {
    console.log(`  ${outcome.toUpperCase().padEnd(12)}  ${target}: ${evidence}`);
  }
  if (values.json !== undefined) {
    const report = { rounds, measures: figures.map(listed), verdicts };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return 0;
}

/** All measures in each round, so that a slow minute of the machine hits all of them. One that fails is reported. */
async function measureAll(
  measures: readonly Measure[],
  rounds: number,
  signal: AbortSignal,
): Promise<readonly MannersFigures[]> {
  const all = measures.map((measure) => new MannersFigures(measure, rounds));
  for (let round = 0; round < rounds; round++) {
    for (const figures of all) {
      const { measure } = figures;
      const position = `round ${round + 1}/${rounds}  ${measure.name.padEnd(10)}`;
      signal.throwIfAborted();
      try {
        const readings = await measure.run(round, signal);
        figures.add(round, readings);
        for (const reading of readings) console.log(`${position}  ${describe(measure, reading)}`);
      } catch (error) {
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
        console.log(`${position}  FAILED: ${reason}`);
      }
    }
  }
  return all;
}

function describe({ columns }: Measure, { line, figures }: Reading): string {
  const cells = columns.flatMap(({ name, label, digits }) => {
    const value = figures[name];
    return value === undefined ? [] : [`${label} ${value.toFixed(digits)}`];
  });
  return `${line}: ${cells.join('; ')}`;
}

function listed(figures: MannersFigures): object {
  const { name, columns } = figures.measure;
  const lines = figures.lines.map((line) => ({
    line,
    ...Object.fromEntries(columns.map((column) => [column.name, figures.samples(line, column.name)])),
  }));
  return { name, lines };
}
