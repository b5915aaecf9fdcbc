import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { broken, type Check, fine, type Finding } from '../../../../src-daemon/doctor/check.ts';
import { checksEn } from '../../../../src-shared/i18n/checks-en.ts';
import { runChecks } from '../../../../src-daemon/doctor/run-checks.ts';

describe('the doctor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells what each check saw, in their order, although one fails and one hangs', async () => {
    const checks = [
      check('link-hangs', () => new Promise<Finding>(() => undefined)),
      check('link-throws', () => {
        throw new Error('no such file');
      }),
      check('link-fine', () => fine('two links')),
    ];
    const running = runChecks(checks, false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await running).map(({ name, verdict, evidence }) => [name, verdict, evidence])).toEqual([
      ['link-hangs', 'warning', 'the check could not be made: no answer within 5 s'],
      ['link-throws', 'warning', 'the check could not be made: no such file'],
      ['link-fine', 'ok', 'two links'],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('changes nothing unless it is asked to', async () => {
    const repair = vi.fn(async () => undefined);
    const [told] = await runChecks(
      [check('reverse-path-filter', () => broken('eth0 strict', 'set it', repair))],
      false,
    );
    expect(told).toMatchObject({ verdict: 'failed', fix: 'set it', fixable: true, fixed: false });
    expect(repair).not.toHaveBeenCalled();
  });

  it('applies a fix, looks again, and tells what was and what is', async () => {
    let isStrict = true;
    const look = (): Finding =>
      isStrict
        ? broken('eth0 strict', 'set it', () => Promise.resolve((isStrict = false)))
        : fine('eth0 loose');
    expect(await runChecks([check('reverse-path-filter', look)], true)).toEqual([
      {
        name: 'reverse-path-filter',
        verdict: 'ok',
        evidence: 'eth0 strict; now: eth0 loose',
        explanation: checksEn['reverse-path-filter'].explanation,
        fix: 'set it',
        fixable: true,
        fixed: true,
      },
    ]);
  });

  it('says so when a fix fails, hangs or does not help, and goes on with the next', async () => {
    const useless = (): Finding => broken('still', 'set it', () => Promise.resolve());
    const refused = (): Finding => broken('closed', 'open it', () => Promise.reject(new Error('EROFS')));
    const stuck = (): Finding => broken('stuck', 'push it', () => new Promise(() => undefined));
    const running = runChecks(
      [check('link-a', useless), check('link-b', refused), check('link-c', stuck)],
      true,
    );
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await running).map(({ verdict, evidence, fixed }) => [verdict, evidence, fixed])).toEqual([
      ['failed', 'still, also after the fix', false],
      ['failed', 'closed; the fix failed: EROFS', false],
      ['failed', 'stuck; the fix failed: no answer within 5 s', false],
    ]);
  });
});

function check(name: Check['name'], look: Check['look']): Check {
  return { name, look };
}
