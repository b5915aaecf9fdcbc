import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileProgram } from './compile.ts';
import { projectDir } from './programs.ts';

/** Nobody: a user that owns nothing here but what the test gives it. */
export const NOBODY = 65534;

/** What a service file leaves of root's powers. */
export interface Capabilities {
  readonly names: readonly string[];
  /** As /proc shows it. */
  readonly mask: string;
}

/** Numbers of linux/capability.h. */
const NUMBERS: Readonly<Record<string, number>> = {
  CAP_DAC_OVERRIDE: 1,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_PTRACE: 19,
  CAP_BPF: 39,
};

/** Reads the capabilities of a daemon from its service file. */
export function capabilitiesOf(unit: string): Capabilities {
  const text = readFileSync(join(projectDir(), `packaging/systemd/${unit}.service`), 'utf8');
  const names = /^AmbientCapabilities=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const bits = names.reduce((sum, name) => sum + 2 ** (NUMBERS[name] ?? Number.NaN), 0);
  return { names, mask: bits.toString(16).padStart(16, '0') };
}

/**
 * The start of a command line that does what the service manager does with user and capabilities. What is in `tempDir`
 * was made by root and changes hands.
 */
export function asUser(id: number, tempDir: string, { names }: Capabilities): readonly string[] {
  const set = ['-all', ...names.map((name) => `+${name.slice('CAP_'.length).toLowerCase()}`)].join(',');
  const drop = [
    ...['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--no-new-privs'],
    ...[`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`, '--'],
  ];
  const script = `chown -R ${id}:${id} "$1"; shift; exec ${drop.join(' ')} "$@"`;
  return ['sh', '-c', script, 'sh', tempDir];
}

/**
 * The start of a command line that runs the laptop's daemon as the service manager would: root's step first, then as
 * {@link asUser}, with what the step has handed over. What is said to the manager is in the file of {@link managerLog}.
 */
export async function asService(tempDir: string): Promise<readonly string[]> {
  const manager = await compileProgram('rules/service-manager.cc');
  const step = join(projectDir(), 'bin/bowline-gate');
  return [manager, managerSocket(tempDir), step, ...asUser(NOBODY, tempDir, capabilitiesOf('bowlined'))];
}

export function managerLog(tempDir: string): string {
  return `${managerSocket(tempDir)}.log`;
}

function managerSocket(tempDir: string): string {
  return join(tempDir, 'manager.sock');
}
