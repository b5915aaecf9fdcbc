import { expect, test } from 'vitest';
import { SettingsKeeper } from '../../../src-daemon/settings/settings-keeper.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../../src-shared/model/settings.ts';

/** A file whose writes end when the test says so. */
class SlowFile {
  readonly written: Settings[] = [];
  private readonly ends: (() => void)[] = [];
  isFull = false;

  async save(settings: Settings): Promise<void> {
    await new Promise<void>((resolve) => this.ends.push(resolve));
    if (this.isFull) throw new Error('disk full');
    this.written.push(settings);
  }

  async endWrite(): Promise<void> {
    while (this.ends.length === 0) await Promise.resolve();
    this.ends.shift()!();
  }
}

test('of two changes at once neither is lost', async () => {
  const file = new SlowFile();
  const keeper = new SettingsKeeper(file, DEFAULT_SETTINGS);
  const changes = [
    keeper.change({ wanted: true }),
    keeper.change({ mode: 'bonded' }),
    keeper.change(({ mode }) => ({ lan: mode === 'bonded' ? 'tunnel' : 'direct' })),
  ];
  for (const change of changes) {
    await file.endWrite();
    await change;
  }
  expect(keeper.value).toEqual({ ...DEFAULT_SETTINGS, wanted: true, mode: 'bonded', lan: 'tunnel' });
  expect(file.written.at(-1)).toEqual(keeper.value);
});

test('a change that cannot be written changes nothing, and the next one is made', async () => {
  const file = new SlowFile();
  const keeper = new SettingsKeeper(file, DEFAULT_SETTINGS);
  file.isFull = true;
  const refused = keeper.change({ wanted: true });
  const next = keeper.change({ mode: 'redundant' });
  await file.endWrite();
  await expect(refused).rejects.toThrow('disk full');
  expect(keeper.value).toEqual(DEFAULT_SETTINGS);
  file.isFull = false;
  await file.endWrite();
  await next;
  expect(keeper.value).toEqual({ ...DEFAULT_SETTINGS, mode: 'redundant' });
});
