import { expect, test } from 'vitest';
import type { BenchHome } from '../../../lab/bench/bench-home.ts';
import type { Contender, ContenderName } from '../../../lab/bench/contender.ts';
import { parseOptions } from '../../../lab/bench/options.ts';
import { runRounds } from '../../../lab/bench/rounds.ts';

test('every round begins with another contender, and one that cannot be set up is noted', async () => {
  const started: string[] = [];
  const contenders = (['raw', 'openvpn', 'shadowsocks'] as const).map((name) => failing(name, started));

  const outcome = await runRounds(
    NO_HOME,
    plan(contenders, 3),
    () => undefined,
    new AbortController().signal,
  );

  expect(started).toEqual([
    ...['raw', 'openvpn', 'shadowsocks'],
    ...['openvpn', 'shadowsocks', 'raw'],
    ...['shadowsocks', 'raw', 'openvpn'],
  ]);
  expect(outcome.failures[3]).toEqual({
    round: 2,
    contender: 'openvpn',
    step: 'set up',
    reason: 'no device',
  });
  expect(outcome.failures).toHaveLength(9);
});

test('an interrupted run ends instead of noting failures', async () => {
  const abort = new AbortController();
  const contender = failing('raw', [], () => abort.abort(new Error('interrupted')));

  await expect(runRounds(NO_HOME, plan([contender], 2), () => undefined, abort.signal)).rejects.toThrow(
    'interrupted',
  );
});

test('the command line is understood or refused with a reason', () => {
  expect(parseOptions([])).toMatchObject({ rounds: 5, jsonPath: null, asserts: false });
  expect(parseOptions(['--quick', '--only', 'bowline,raw', '--json', 'r.json', '--assert'])).toMatchObject({
    rounds: 2,
    only: ['raw', 'bowline'],
    jsonPath: 'r.json',
    asserts: true,
  });
  expect(() => parseOptions(['--rounds', '0'])).toThrow('--rounds wants a number from 1 to 99, not 0');
  expect(() => parseOptions(['--only', 'ipsec'])).toThrow('--only does not know "ipsec"');
  expect(() => parseOptions(['--fast'])).toThrow();
});

/** Nothing of it is touched before a contender is set up. */
const NO_HOME = {} as BenchHome;

function plan(contenders: readonly Contender[], rounds: number): Parameters<typeof runRounds>[1] {
  return { contenders, rounds, durations: parseOptions([]).durations };
}

function failing(name: ContenderName, started: string[], onStart: () => void = () => undefined): Contender {
  return {
    name,
    label: name,
    setting: '',
    carriesUdp: true,
    obstacle: () => null,
    version: async () => '',
    start: async () => {
      started.push(name);
      onStart();
      throw new Error('no device');
    },
  };
}
