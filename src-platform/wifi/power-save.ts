import type { Exec } from '../exec.ts';
import type { ChangeRecorder } from '../sysctl.ts';

/** Whether a Wi-Fi link saves power; null where that cannot be asked. */
export async function readPowerSave(exec: Exec, linkName: string): Promise<boolean | null> {
  try {
    const state = /Power save: (on|off)/.exec(await exec('iw', ['dev', linkName, 'get', 'power_save']))?.[1];
    return state === undefined ? null : state === 'on';
  } catch {
    // No iw, or no Wi-Fi hardware behind the name.
    return null;
  }
}

/**
 * Sets whether Wi-Fi links save power: in the driver, not in a profile of a network manager, which stays as it is.
 * Each change is written down before it is made.
 */
export class PowerSave {
  private readonly exec: Exec;
  private readonly journal: ChangeRecorder;
  /** Links that are to stay awake, by whether that took a change; the others dozed not, or cannot be asked. */
  private readonly held = new Map<string, boolean>();
  private work: Promise<void> = Promise.resolve();

  constructor(exec: Exec, journal: ChangeRecorder) {
    this.exec = exec;
    this.journal = journal;
  }

  /**
   * Keeps the radios of these links awake, and lets those doze again that were changed before and are not listed. A link
   * is asked when it joins the list; calls that change nothing cost nothing.
   */
  keepAwake(linkNames: readonly string[]): Promise<void> {
    this.work = this.work
      // What the driver refuses stays as it is, which costs delay and nothing else.
      .catch(() => undefined)
      .then(() => this.reach(linkNames));
    return this.work;
  }

  private async reach(linkNames: readonly string[]): Promise<void> {
    for (const name of linkNames.filter((link) => !this.held.has(link))) {
      this.held.set(name, false);
      if ((await readPowerSave(this.exec, name)) !== true) continue;
      await this.journal.record([{ kind: 'wifi-power-save', interfaceName: name }]);
      await this.exec('iw', ['dev', name, 'set', 'power_save', 'off']);
      this.held.set(name, true);
    }
    for (const [name, isChanged] of [...this.held].filter(([link]) => !linkNames.includes(link))) {
      this.held.delete(name);
      if (isChanged) await this.exec('iw', ['dev', name, 'set', 'power_save', 'on']);
    }
  }
}
