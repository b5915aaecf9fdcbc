import { exec, sysctlFiles, type SystemJournal } from '../src-platform/index.ts';
import { describeError, type Log } from '../src-platform/log.ts';

/** Undoes everything that the journal knows and logs what could not be undone; it stays in the journal. */
export async function undoChanges(journal: SystemJournal, log: Log): Promise<void> {
  const report = await journal.revert({ exec, sysctls: sysctlFiles() });
  for (const { outcome, entry, error } of report.outcomes) {
    if (outcome === 'failed') log.error('revert-failed', { entry: entry.kind, ...describeError(error) });
  }
}
