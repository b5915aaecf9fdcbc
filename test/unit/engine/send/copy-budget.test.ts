import { expect, test } from 'vitest';
import { CopyBudget } from '../../../../src-engine/send/copy-budget.ts';

function copiesOf(budget: CopyBudget, bytes: number): number {
  let count = 0;
  while (budget.spend(bytes)) count += bytes;
  return count;
}

test('over time copies stay below two per cent of what is sent', () => {
  const budget = new CopyBudget();
  copiesOf(budget, 200);
  let copied = 0;
  for (let sent = 0; sent < 100e6; sent += 10_000) {
    budget.earn(10_000);
    copied += copiesOf(budget, 200);
  }
  expect(copied / 100e6).toBeGreaterThan(0.01);
  expect(copied / 100e6).toBeLessThan(0.02);
});

test('a quiet day saves up for a minute of a call, not for more', () => {
  const budget = new CopyBudget();
  budget.earn(1e9);
  expect(copiesOf(budget, 160)).toBeGreaterThan(60 * 50 * 160);
  expect(budget.spend(160)).toBe(false);
});
