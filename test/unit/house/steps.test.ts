import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StepRunner, type Step } from '../../../scripts/lib/steps.mjs';

const MINUTES = 5;

describe('a step of npm test', () => {
  let printed: string[];
  beforeEach(() => {
    printed = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
    return () => vi.restoreAllMocks();
  });

  it('counts as one passed check when its program succeeds', async () => {
    expect(await run(check('process.exit(0)'))).toMatchObject({ passed: 1, failed: 0 });
  });

  it('counts as one failed check when its program fails, and shows what it said', async () => {
    expect(await run(check(`console.error('the reason'); process.exit(1)`))).toMatchObject({
      passed: 0,
      failed: 1,
    });
    expect(printed).toContain('the reason');
  });

  it('counts as failed when its program dies of a signal', async () => {
    expect(await run(check(`process.kill(process.pid, 'SIGKILL')`))).toMatchObject({ passed: 0, failed: 1 });
  });

  it('counts as failed without being started when the time is used up', async () => {
    const outcome = await new StepRunner(0).run(check('process.exit(0)'));
    expect(outcome).toMatchObject({ passed: 0, failed: 1 });
  });

  it('is ended, with what it started, when it takes longer than its limit', async () => {
    const step = { ...check(`require('child_process').spawnSync('sleep', ['600'])`), limitMinutes: 0.001 };
    expect(await run(step)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('adds the tests that its run counted', async () => {
    const counts = { passed: 7, failed: 2, skipped: [{ name: 'a', reason: 'b' }] };
    expect(await run(suite(counts, 1))).toEqual({ step: 'house-sample', ...counts });
  });

  it('fails when a run of tests found none', async () => {
    expect(await run(suite({ passed: 0, failed: 0, skipped: [] }, 0))).toMatchObject({ failed: 1 });
  });

  it('fails when every test passed and the run failed nevertheless', async () => {
    expect(await run(suite({ passed: 7, failed: 0, skipped: [] }, 1))).toMatchObject({
      passed: 7,
      failed: 1,
    });
  });

  it('fails when a run of tests left no counts', async () => {
    expect(await run({ ...check('process.exit(0)'), project: 'sample' })).toMatchObject({
      passed: 0,
      failed: 1,
    });
  });
});

function run(step: Step) {
  return new StepRunner(MINUTES).run(step);
}

function check(code: string): Step {
  return { name: 'house-sample', command: ['-e', code], limitMinutes: MINUTES };
}

function suite(counts: object, exitStatus: number): Step {
  const write = `require('fs').writeFileSync(process.env.BOWLINE_COUNTS_FILE, '${JSON.stringify(counts)}')`;
  return { ...check(`${write}; process.exit(${exitStatus})`), project: 'sample' };
}
