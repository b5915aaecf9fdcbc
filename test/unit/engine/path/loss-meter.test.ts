import { expect, test } from 'vitest';
import { LossMeter } from '../../../../src-engine/path/loss-meter.ts';

const SECOND = 1_000_000;

function send(meter: LossMeter, sent: number, lost: number): void {
  for (let i = 0; i < sent; i++) meter.onSent();
  for (let i = 0; i < lost; i++) meter.onLost();
}

test('a round is complete after 50 datagrams, or after two seconds', () => {
  const meter = new LossMeter();
  send(meter, 49, 7);
  expect(meter.finishRound(SECOND)).toBe(-1);
  send(meter, 1, 0);
  expect(meter.finishRound(SECOND)).toBe(0.14);
  expect(meter.finishRound(SECOND), 'a new round').toBe(-1);
  send(meter, 4, 1);
  expect(meter.finishRound(2.9 * SECOND)).toBe(-1);
  expect(meter.finishRound(3.1 * SECOND)).toBe(0.25);
});

test('rounds that count are smoothed, forgotten ones change nothing', () => {
  const meter = new LossMeter();
  meter.take(0.4);
  expect(meter.ratio).toBeCloseTo(0.1);
  meter.take(0.1);
  expect(meter.ratio).toBeCloseTo(0.1);
  send(meter, 60, 60);
  meter.restart();
  expect([meter.finishRound(SECOND), meter.ratio.toFixed(2)]).toEqual([-1, '0.10']);
  meter.reset();
  expect(meter.ratio).toBe(0);
});
