/** `npm run bench:links`: measures how much of two links Bowline and kernel MPTCP use, against the links alone. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LINKS_CONTENDERS } from './bench/links/contenders.ts';
import { DIRECTIONS, STREAMS, estimateRowSeconds, measureRow } from './bench/links/measure.ts';
import type { RowFigures } from './bench/links/measure.ts';
import { ROWS } from './bench/links/rows.ts';
import { MEASURE_WORDS, judgeRow, shareOf } from './bench/links/shares.ts';
import { summarise } from './bench/statistics.ts';
import { megabits } from './bench/units.ts';

const HELP = `Usage: npm run bench:links -- [OPTIONS]

Measures one and four TCP streams over pairs of emulated links: each link alone, kernel MPTCP, Bowline in bonded mode.
Needs root.

  --rows NAMES      only these, separated by commas: ${ROWS.map(({ name }) => name).join(', ')}
  --rounds N        rounds to measure, 1 to 99 (default 5)
  --only NAMES      only these contenders: ${LINKS_CONTENDERS.map(({ name }) => name).join(', ')}
  --json FILE       write the figures to FILE
  --help            show this
`;

/** CUBIC has found its rate after the first; over the second its sawtooth evens out. */
const TIMES = { warmUpSeconds: 2, seconds: 4 };
const DEFAULT_ROUNDS = 5;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const rounds = Number(values.rounds);
  const wanted = values.rows?.split(',') ?? ROWS.map(({ name }) => name);
  const only = values.only?.split(',');
  const rows = ROWS.filter(({ name }) => wanted.includes(name)).map((row) => ({
    ...row,
    contenders: row.contenders.filter((name) => only?.includes(name) ?? true),
  }));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 99 || rows.length !== wanted.length) {
    process.stderr.write(HELP);
    return 2;
  }
  if (process.getuid?.() !== 0) {
    console.error('The benchmark builds network namespaces, which needs root. Run: sudo npm run bench:links');
    return 4;
  }
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => abort.abort(new Error('interrupted')));
  const seconds = rows.reduce((sum, row) => sum + estimateRowSeconds(row, rounds, TIMES), 0);
  console.log(
    `Measuring ${rows.length} pairs of links, ${rounds} rounds, about ${Math.ceil(seconds / 60)} min.`,
  );
  console.log(`Each line: ${STREAMS.map(({ name }) => name).join('; ')}; each up, then down.\n`);
  const measured: RowFigures[] = [];
  for (const row of rows)
    measured.push(await measureRow(row, rounds, TIMES, (line) => console.log(line), abort.signal));
  for (const figures of measured) console.log(`\n${render(figures)}`);
  console.log('\nTargets');
  const verdicts = measured.flatMap(judgeRow);
  for (const { target, outcome, evidence } of verdicts) {
    console.log(`  ${outcome.toUpperCase().padEnd(12)}  ${target}: ${evidence}`);
  }
  if (values.json !== undefined) {
    const report = measured.map((figures) => ({ row: figures.row.name, figures: listed(figures) }));
    writeFileSync(
      values.json,
      `${JSON.stringify({ rounds, times: TIMES, rows: report, verdicts }, null, 2)}\n`,
    );
  }
  return 0;
}

/** A row as a table: shares, and the plain links in Mbit/s. */
function render(figures: RowFigures): string {
  const { row } = figures;
  const lines = [`${row.label}; shares of ${MEASURE_WORDS[row.measure]}, median (lowest to highest)`];
  for (const { name, label } of LINKS_CONTENDERS) {
    if (!row.contenders.includes(name)) continue;
    const cells = STREAMS.flatMap((stream) =>
      DIRECTIONS.map((direction) => {
        const rate = summarise(figures.samples(name, stream.name, direction));
        const share = shareOf(figures, name, stream.name, direction);
        if (rate === null) return '';
        if (share === null) return megabits(rate.median);
        return `${share.median.toFixed(3)} (${share.min.toFixed(2)}-${share.max.toFixed(2)})`;
      }),
    );
    lines.push(`  ${label.padEnd(18)} ${cells.map((cell) => cell.padEnd(18)).join(' ')}`);
  }
  return lines.join('\n');
}

function listed(figures: RowFigures): readonly object[] {
  return figures.row.contenders.flatMap((contender) =>
    STREAMS.flatMap(({ name }) =>
      DIRECTIONS.map((direction) => ({
        contender,
        stream: name,
        direction,
        bitsPerSecond: figures.samples(contender, name, direction),
        share: shareOf(figures, contender, name, direction),
      })),
    ),
  );
}
