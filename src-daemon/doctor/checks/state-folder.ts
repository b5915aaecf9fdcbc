import { broken, type Check, fine, type Subject, warning } from '../check.ts';

/** Settings and the journal of changes need room on the disk. */
export function stateFolderCheck(subject: Pick<Subject, 'machine' | 'stateDir'>): Check {
  return {
    name: 'state-folder',
    look: async () => {
      const { stateDir } = subject;
      const { bytes, files } = await subject.machine.freeSpace(stateDir);
      const free = bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
      const evidence = `${free} free in ${stateDir}`;
      if (files < NEEDED_FILES)
        return broken(`no more files can be made in ${stateDir}`, 'delete files there');
      if (bytes < NEEDED_BYTES) return broken(evidence, 'make room on that disk');
      return bytes < WISHED_BYTES ? warning(evidence, 'make room on that disk soon') : fine(evidence);
    },
  };
}

/** Settings, journal and one segment of the timeline, each also beside its predecessor. */
const NEEDED_BYTES = 1_000_000;
const NEEDED_FILES = 8;
/** Weeks of timeline at its usual size. */
const WISHED_BYTES = 20_000_000;
