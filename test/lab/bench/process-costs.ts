import { readFileSync } from 'node:fs';
import { readCpuAndMemory } from '../daemons.ts';

/** The processes of one tunnel by where they run. A set-up without processes of its own (plain routing) has none. */
export interface TunnelProcesses {
  readonly laptop: readonly number[];
  readonly box: readonly number[];
}

/** Processor time by end, in cores: 0.5 is half a core. */
export interface EndCosts {
  readonly laptop: number;
  readonly box: number;
}

/** Reads how much processor time the processes have used until now, and when that was. */
export function readCosts(processes: TunnelProcesses): CostReading {
  const sum = (pids: readonly number[]): number =>
    pids.reduce((total, pid) => total + processorSeconds(pid), 0);
  return {
    atMs: performance.now(),
    laptopSeconds: sum(processes.laptop),
    boxSeconds: sum(processes.box),
  };
}

/** Processor time at one moment; two of them make a cost. */
export interface CostReading {
  readonly atMs: number;
  readonly laptopSeconds: number;
  readonly boxSeconds: number;
}

/** Tells what was used between two readings. */
export function costsBetween(before: CostReading, after: CostReading): EndCosts {
  const seconds = (after.atMs - before.atMs) / 1000;
  return {
    laptop: (after.laptopSeconds - before.laptopSeconds) / seconds,
    box: (after.boxSeconds - before.boxSeconds) / seconds,
  };
}

/** Tells the resident memory of processes in bytes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + readCpuAndMemory(pid).residentBytes, 0);
}

/** User and system time of a process, of all its threads and of the programs it ran to their end. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name stands in brackets and may hold spaces; what follows begins with field 3, the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(FIRST_TIME_FIELD, FIRST_TIME_FIELD + TIME_FIELDS);
  return ticks.reduce((total, field) => total + Number(field), 0) / TICKS_PER_SECOND;
}

/** utime, stime, cutime and cstime are fields 14 to 17. */
const FIRST_TIME_FIELD = 14 - 3;
const TIME_FIELDS = 4;
/** What Linux shows programs in /proc, whatever its own timer runs at. */
const TICKS_PER_SECOND = 100;
