import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src-platform/journal/entry.ts';
import { undoEntry } from '../../../src-platform/journal/undo.ts';
import { PowerSave } from '../../../src-platform/wifi/power-save.ts';
import { FakeExec } from '../../support/fake-exec.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

const GET = 'iw dev wlan0 get power_save';
const OFF = 'iw dev wlan0 set power_save off';
const ON = 'iw dev wlan0 set power_save on';

describe('the power saving of a radio', () => {
  it('is written down, switched off while it is avoided, and on again afterwards', async () => {
    const { exec, powerSave, recorded } = radio('Power save: on\n');
    await powerSave.keepAwake(['wlan0']);
    await powerSave.keepAwake(['wlan0']);
    expect(exec.take().map(({ line }) => line)).toEqual([GET, OFF]);
    expect(recorded).toEqual([{ kind: 'wifi-power-save', interfaceName: 'wlan0' }]);
    await powerSave.keepAwake([]);
    expect(exec.take().map(({ line }) => line)).toEqual([ON]);
  });

  it('is left alone where it is off already, or cannot be asked', async () => {
    const awake = radio('Power save: off\n');
    await awake.powerSave.keepAwake(['wlan0']);
    // Once a second, for as long as the link is in use: it is asked once.
    await awake.powerSave.keepAwake(['wlan0']);
    await awake.powerSave.keepAwake([]);
    expect([awake.exec.take().map(({ line }) => line), awake.recorded]).toEqual([[GET], []]);
    const without = radio('');
    without.exec.fails(/get power_save/, 'command failed: No such device (-19)');
    await without.powerSave.keepAwake(['wlan0']);
    expect(without.recorded).toEqual([]);
  });

  it.each([
    ['Power save: off\n', 'undone', [GET, ON]],
    ['Power save: on\n', 'nothing-to-undo', [GET]],
    ['', 'nothing-to-undo', [GET]],
  ])('that a dead daemon left as %j is %s', async (state, outcome, lines) => {
    const exec = new FakeExec();
    exec.prints(/get power_save/, state);
    const entry: JournalEntry = { kind: 'wifi-power-save', interfaceName: 'wlan0' };
    const undone = await undoEntry(entry, { exec: exec.exec, sysctls: new FakeSysctls({}) }, new Set());
    expect([undone.outcome, exec.take().map(({ line }) => line)]).toEqual([outcome, lines]);
  });
});

function radio(state: string) {
  const exec = new FakeExec();
  exec.prints(/get power_save/, state);
  const recorded: JournalEntry[] = [];
  const journal = {
    record: (entries: readonly JournalEntry[]) => Promise.resolve(void recorded.push(...entries)),
  };
  return { exec, recorded, powerSave: new PowerSave(exec.exec, journal) };
}
