import type { DaemonStatus } from '../../src-shared/model/status.ts';

/** What changes with every measuring, wherever it stands in a status. */
const MEASURES: ReadonlySet<string> = new Set([
  'rttMicros',
  'lossRatio',
  'txBitsPerSecond',
  'rxBitsPerSecond',
  'model',
  'counters',
]);

/** True if two statuses differ in measures alone: nothing has happened that cannot wait until the next sample. */
export function isMeasuredAnew(before: DaemonStatus, after: DaemonStatus): boolean {
  return essence(before) === essence(after);
}

/** Statuses are plain data, always written in the same order. */
function essence(status: DaemonStatus): string {
  return JSON.stringify(status, (name, value: unknown) => (MEASURES.has(name) ? undefined : value));
}
