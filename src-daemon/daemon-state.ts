import {
  loadOrCreateStaticKey,
  SystemJournal,
  type JsonFile,
  type StaticKey,
} from '../src-platform/index.ts';
import type { Log } from '../src-platform/log.ts';
import type { Settings } from '../src-shared/model/settings.ts';
import type { KnownBox } from './arguments.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { PairedBoxFile } from './pairing/paired-box.ts';
import { settingsFileIn } from './settings/settings-file.ts';

/** What the daemon finds in its state folder. */
export interface DaemonState {
  readonly key: StaticKey;
  readonly journal: SystemJournal;
  readonly settingsFile: JsonFile<Settings>;
  readonly settings: Settings;
  readonly boxFile: PairedBoxFile;
  /** From the command line, else the one that the laptop is paired with. */
  readonly box: KnownBox | null;
}

/** Reads the state folder; what cannot be understood is set aside and logged. @throws StorageError, JournalError */
export async function openState(options: DaemonOptions, log: Log): Promise<DaemonState> {
  const key = await loadOrCreateStaticKey(options.stateDir);
  const journal = await SystemJournal.open(options.stateDir);
  const settingsFile = settingsFileIn(options.stateDir, options.box !== null);
  const { value: settings, warning } = await settingsFile.load();
  if (warning !== null) log.warn('settings-set-aside', { warning });
  const boxFile = new PairedBoxFile(options.stateDir);
  const paired = await boxFile.load();
  if (paired.warning !== null) log.warn('box-set-aside', { warning: paired.warning });
  const box = options.box === null ? paired.box : { ...options.box, name: null, told: [] };
  return { key, journal, settingsFile, settings, boxFile, box };
}
