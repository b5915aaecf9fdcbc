import { describe, expect, it } from 'vitest';
import { describeTimeLeft, watchCode } from '../../../src-box/code-watch.ts';
import { controlError } from '../../../src-shared/control/error.ts';
import type { BoxStatus } from '../../../src-shared/model/box-status.ts';
import { err, ok } from '../../../src-shared/util/result.ts';

const START = Date.parse('2026-03-01T10:00:00Z');
const SHOWN = { code: '12345678', expiresAt: at(300), fingerprint: 'ab12' };
const OPEN: Pairing = { open: { expiresAt: at(300), triesLeft: 3 }, ...past('none') };

type Pairing = BoxStatus['pairing'];

describe('a code in a terminal', () => {
  it('is counted down until a laptop has used it', async () => {
    const { exitStatus, lines } = await watch([OPEN, OPEN, OPEN, { open: null, ...past('used') }]);
    expect(lines).toEqual([
      'Ctrl-C ends this; the code stays valid.',
      '5:00 left',
      '4:59 left',
      '4:58 left',
      'A laptop has used the code; bowline-box peers lists it.',
    ]);
    expect(exitStatus).toBe(0);
  });

  it.each([
    ['runs out', { open: null, ...past('expired') }, 'The code has run out. For a new one: bowline-box pair'],
    [
      'is tried wrongly',
      { open: null, ...past('burnt') },
      'Three wrong codes were tried, so this one is void.',
    ],
    [
      'is forgotten',
      { open: null, ...past('none') },
      'The box was started again and has forgotten the code.',
    ],
    [
      'is replaced',
      { open: { expiresAt: at(302), triesLeft: 3 }, ...past('none') },
      'Another code was asked for and has replaced this one.',
    ],
  ] as const)('says so when it %s', async (_how, pairing, text) => {
    const { exitStatus, lines } = await watch([OPEN, pairing]);
    expect(lines.at(-1)).toContain(text);
    expect(exitStatus).toBe(1);
  });

  it('is the same code though its end is read some milliseconds apart', async () => {
    const later = { ...OPEN, open: { expiresAt: new Date(START + 300_004).toISOString(), triesLeft: 2 } };
    const { lines } = await watch([later, { open: null, ...past('used') }]);
    expect(lines[1]).toBe('5:00 left');
  });

  it('ends when the box does not answer any more', async () => {
    const { exitStatus, lines } = await watch([OPEN]);
    expect(lines.at(-1)).toBe('The box does not answer any more: gone');
    expect(exitStatus).toBe(1);
  });

  it('never has less than no time left', () => {
    expect([299_001, 60_000, 9_400, -5].map(describeTimeLeft)).toEqual([
      '5:00 left',
      '1:00 left',
      '0:10 left',
      '0:00 left',
    ]);
  });
});

/** Watches while the box tells one thing after the other, a second apart, and is gone after the last. */
async function watch(
  told: readonly Pairing[],
): Promise<{ readonly exitStatus: number; readonly lines: readonly string[] }> {
  const left = [...told];
  let now = START;
  let output = '';
  const exitStatus = await watchCode(SHOWN, {
    status: async () => {
      const pairing = left.shift();
      return pairing === undefined
        ? err(controlError('UNREACHABLE', 'gone'))
        : ok({ pairing } as unknown as BoxStatus);
    },
    now: () => now,
    nextSecond: async () => void (now += 1_000),
    write: (text) => (output += text),
  });
  const lines = output.split(/\n|\r\u001b\[K/).filter((line) => line !== '');
  return { exitStatus, lines };
}

function past(lastCode: Pairing['lastCode']): Omit<Pairing, 'open'> {
  return { lastCode, failedAttempts: 0, lastFailedAt: null };
}

function at(seconds: number): string {
  return new Date(START + seconds * 1_000).toISOString();
}
