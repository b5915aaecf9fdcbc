import * as z from 'zod';
import { assertNever } from '../../src-shared/util/assert-never.ts';
import { dissolveGroups, findGroupRoot } from '../apps/control-groups.ts';
import { ExecError, parseJsonOutput, type Exec } from '../exec.ts';
import { native } from '../native.ts';
import { listOwnRules } from '../routes/own-rules.ts';
import type { SysctlFiles } from '../sysctl.ts';
import { readPowerSave } from '../wifi/power-save.ts';
import type { Family, JournalEntry } from './entry.ts';

/** What undoing needs of the system. */
export interface UndoContext {
  readonly exec: Exec;
  readonly sysctls: SysctlFiles;
}

/** What became of one journal entry. */
export interface UndoOutcome {
  readonly entry: JournalEntry;
  readonly outcome: 'undone' | 'nothing-to-undo' | 'changed-by-others' | 'failed';
  /** Set when `failed`. */
  readonly error?: unknown;
}

/**
 * Undoes one change; what is gone already is no error.
 *
 * @param restored paths of the kernel settings that were restored before, to which consequences refer
 */
export async function undoEntry(
  entry: JournalEntry,
  context: UndoContext,
  restored: Set<string>,
): Promise<UndoOutcome> {
  try {
    return { entry, outcome: await undo(entry, context, restored) };
  } catch (error) {
    return { entry, outcome: 'failed', error };
  }
}

async function undo(
  entry: JournalEntry,
  { exec, sysctls }: UndoContext,
  restored: Set<string>,
): Promise<Exclude<UndoOutcome['outcome'], 'failed'>> {
  switch (entry.kind) {
    case 'sysctl': {
      const present = sysctls.read(entry.path);
      if (present === null || present === entry.before) return 'nothing-to-undo';
      if (present !== entry.written) return 'changed-by-others';
      sysctls.write(entry.path, entry.before);
      restored.add(entry.path);
      return 'undone';
    }
    case 'sysctl-consequence': {
      const present = sysctls.read(entry.path);
      if (present === null || present === entry.before || !restored.has(entry.cause))
        return 'nothing-to-undo';
      sysctls.write(entry.path, entry.before);
      return 'undone';
    }
    case 'rules':
      return undoRules(entry, exec);
    case 'route-table': {
      const args = ['-j', familyFlag(entry.family), 'route', 'show', 'table', String(entry.table)];
      // A table that never had a route does not exist, which `ip` reports as an error of its own.
      if (listOf(await exec('ip', args).catch(() => '')).length === 0) return 'nothing-to-undo';
      await exec('ip', [familyFlag(entry.family), 'route', 'flush', 'table', String(entry.table)]);
      return 'undone';
    }
    case 'nft-table':
      return unlessGone(
        exec('nft', ['delete', 'table', entry.family, entry.name]),
        /No such file or directory/,
      );
    case 'wifi-power-save': {
      // What is on again, or belongs to an interface that is gone, needs nothing.
      if ((await readPowerSave(exec, entry.interfaceName)) !== false) return 'nothing-to-undo';
      await exec('iw', ['dev', entry.interfaceName, 'set', 'power_save', 'on']);
      return 'undone';
    }
    case 'control-groups': {
      const root = findGroupRoot();
      if (root === null) throw new Error('the control groups are not mounted here');
      return dissolveGroups(root, entry.prefix, native) ? 'undone' : 'nothing-to-undo';
    }
    case 'tun':
      return undoTun(entry.name, exec);
    case 'address': {
      const address = `${entry.address}/${entry.prefixLength}`;
      return unlessGone(
        exec('ip', [familyFlag(entry.family), 'address', 'del', address, 'dev', entry.interfaceName]),
        /Cannot find device|Cannot assign requested address|Address not found/,
      );
    }
    default:
      return assertNever(entry);
  }
}

async function undoRules(
  entry: Extract<JournalEntry, { kind: 'rules' }>,
  exec: Exec,
): Promise<'undone' | 'nothing-to-undo'> {
  const own = (await listOwnRules(exec, entry.family, entry.protocol)).filter(
    (rule) => rule.priority >= entry.firstPriority && rule.priority <= entry.lastPriority,
  );
  if (own.length === 0) return 'nothing-to-undo';
  // Priority and protocol select one rule of ours each time; the rest of its selector need not be repeated.
  const lines = own.map((rule) => `rule del priority ${rule.priority} protocol ${entry.protocol}\n`);
  await exec('ip', [familyFlag(entry.family), '-batch', '-'], { input: lines.join('') });
  return 'undone';
}

const linkInfoSchema = z.array(
  z.looseObject({ linkinfo: z.looseObject({ info_kind: z.string().optional() }).optional() }),
);

async function undoTun(name: string, exec: Exec): Promise<'undone' | 'nothing-to-undo'> {
  let output: string;
  try {
    output = await exec('ip', ['-d', '-j', 'link', 'show', 'dev', name]);
  } catch (error) {
    if (isGone(error, /does not exist|Cannot find device/)) return 'nothing-to-undo';
    throw error;
  }
  const [device] = linkInfoSchema.parse(parseJsonOutput(output));
  if (device?.linkinfo?.info_kind !== 'tun') return 'nothing-to-undo';
  return unlessGone(exec('ip', ['link', 'del', 'dev', name]), /Cannot find device/);
}

async function unlessGone(run: Promise<string>, gone: RegExp): Promise<'undone' | 'nothing-to-undo'> {
  try {
    await run;
    return 'undone';
  } catch (error) {
    if (isGone(error, gone)) return 'nothing-to-undo';
    throw error;
  }
}

/**
 * Tells "not there" from other failures. `ip` and `nft` have one exit status for both, so that their message, in the
 * C locale, is all there is.
 */
function isGone(error: unknown, gone: RegExp): boolean {
  return error instanceof ExecError && error.exitCode !== null && gone.test(error.stderr);
}

function listOf(output: string): readonly unknown[] {
  return z.array(z.unknown()).parse(parseJsonOutput(output));
}

function familyFlag(family: Family): string {
  return `-${family}`;
}
