import { expect, test } from 'vitest';
import { liveThrough } from './random-life.ts';

const SEEDS = Number(process.env['BOWLINE_SIM_SEEDS'] ?? 200);
const FIRST = Number(process.env['BOWLINE_SIM_FIRST'] ?? 1);

test(`${SEEDS} lives full of faults lose, repeat, reorder and leak nothing`, () => {
  const faults: string[] = [];
  let sent = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS && faults.length < 10; seed++) {
    const report = liveThrough(seed);
    faults.push(...report.faults.slice(0, 3));
    sent += report.sent;
  }
  expect(faults).toEqual([]);
  expect(sent, 'traffic flowed').toBeGreaterThan(SEEDS * 20);
});
