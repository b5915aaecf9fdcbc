import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BenchHome } from './bench-home.ts';
import type { Machine } from './machine.ts';
import type { TunnelProcesses } from './process-costs.ts';

/** Everything that is measured, in the order of the tables. */
export const CONTENDER_NAMES = ['raw', 'bowline', 'wireguard-go', 'openvpn', 'shadowsocks'] as const;
export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** One way from a laptop through the box to the internet. */
export interface Contender {
  readonly name: ContenderName;
  /** As tables call it. */
  readonly label: string;
  /** How it is set up, in one line for the report. */
  readonly setting: string;
  readonly carriesUdp: boolean;
  /** Says why it cannot be measured here, or null if it can. */
  obstacle(): string | null;
  /** Tells the program's version as it names itself. */
  version(): Promise<string>;
  /**
   * Sets it up from nothing; when it settles, the server is reached through the box from every laptop given.
   *
   * @throws Error after undoing what was done.
   */
  start(bench: BenchHome, laptops: readonly Machine[], signal: AbortSignal): Promise<RunningContender>;
}

/** A contender that carries traffic until it is stopped; the owner stops it. */
export interface RunningContender {
  /** Of the first laptop and the box. */
  readonly processes: TunnelProcesses;
  /** Undoes everything. */
  stop(): Promise<void>;
}

/** Says which of some programs are not installed, or null if all are. */
export function missingPrograms(programs: readonly string[], packages: string): string | null {
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? null : `${missing.join(', ')} not installed (Debian: ${packages})`;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder: the next one may have it.
      return false;
    }
  });
}
