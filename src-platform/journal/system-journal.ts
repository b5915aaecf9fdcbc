import { open, readFile, unlink, type FileHandle } from 'node:fs/promises';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ChangeRecorder } from '../sysctl.ts';
import { errnoOf, storageError, syncFolder, writeFileAtomically } from '../storage/atomic-file.ts';
import { makeStateDir, setAside } from '../storage/json-file.ts';
import { journalEntrySchema, journalHeaderSchema, type JournalEntry, type JournalHeader } from './entry.ts';
import { undoEntry, type UndoContext, type UndoOutcome } from './undo.ts';

/*
 * Everything that is changed on the system is written down, and on the disk, before it is changed. One line is one
 * change in JSON. A line that a crash cut off stands for a change that was not made yet, so it is ignored.
 *
 * A journal describes the kernel state of one boot and one network namespace. After a reboot there is nothing left to
 * undo; in another namespace, undoing would change the wrong system, so nothing is done there.
 */

/** File in the state folder. */
export const JOURNAL_FILE = 'journal.ndjson';

/** Why a journal cannot be used. */
export type JournalErrorCode = 'STATE_DIR_IN_USE' | 'OTHER_NETWORK_NAMESPACE';

/** Thrown when a journal belongs to somebody else; the message says what to do. */
export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string) {
    super(message);
    this.name = 'JournalError';
    this.code = code;
  }
}

/** Which process on which boot in which network namespace; read from the kernel, replaced in tests. */
export interface ProcessIdentity extends Omit<JournalHeader, 'journal'> {
  /** Start of a process in clock ticks since boot; null if it does not run. */
  readonly processStartOf: (pid: number) => string | null;
}

/** What undoing did. */
export interface RevertReport {
  readonly outcomes: readonly UndoOutcome[];
  /** True when something is left that could not be undone; the journal keeps it for the next attempt. */
  readonly isIncomplete: boolean;
}

/** Reads this process' identity from /proc. */
export function readProcessIdentity(): ProcessIdentity {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    networkNamespace: readlinkSync('/proc/self/ns/net'),
    pid: process.pid,
    processStart: readProcessStart(process.pid) ?? '',
    processStartOf: readProcessStart,
  };
}

/** The journal of a running daemon. One process at a time owns it. */
export class SystemJournal implements ChangeRecorder {
  readonly #path: string;
  readonly #identity: ProcessIdentity;
  readonly #file: FileHandle;
  readonly #entries: JournalEntry[];
  readonly #known: Set<string>;
  #sizeBytes: number;
  #lastWrite: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(
    path: string,
    identity: ProcessIdentity,
    file: FileHandle,
    entries: readonly JournalEntry[],
    sizeBytes: number,
  ) {
    this.#path = path;
    this.#identity = identity;
    this.#file = file;
    this.#entries = [...entries];
    this.#known = new Set(entries.map((entry) => JSON.stringify(entry)));
    this.#sizeBytes = sizeBytes;
  }

  /**
   * Opens the journal of a state folder and takes over what a dead process left in it.
   *
   * @throws JournalError STATE_DIR_IN_USE while another living process owns it
   * @throws StorageError
   */
  static async open(
    stateDir: string,
    identity: ProcessIdentity = readProcessIdentity(),
  ): Promise<SystemJournal> {
    await makeStateDir(stateDir);
    const path = join(stateDir, JOURNAL_FILE);
    const found = await readJournal(path, identity);
    if (found.kind === 'in-use') throw inUse(stateDir, found.pid);
    if (found.kind === 'other-namespace') await setAside(path);
    const entries = found.kind === 'leftovers' ? found.entries : [];
    const sizeBytes = await writeJournal(path, identity, entries);
    try {
      return new SystemJournal(path, identity, await open(path, 'a'), entries, sizeBytes);
    } catch (error) {
      throw storageError(path, 'write', error);
    }
  }

  /** What is written down at the moment, oldest first. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /**
   * Writes changes down and waits until the disk has them. Only then make the changes. What is written down already
   * is not repeated.
   *
   * @throws StorageError; then the changes must not be made
   */
  record(entries: readonly JournalEntry[]): Promise<void> {
    const write = this.#lastWrite
      // The failure of an earlier record was told to who asked for it.
      .catch(() => undefined)
      .then(() => this.#append(entries));
    this.#lastWrite = write;
    return write;
  }

  /**
   * Undoes everything, newest first, and ends the journal. What could not be undone stays written down.
   *
   * @throws StorageError if the journal cannot be brought up to date; everything has been tried then
   */
  async revert(context: UndoContext): Promise<RevertReport> {
    await this.#lastWrite.catch(() => undefined);
    await this.close();
    return undoAll(this.#path, this.#identity, this.#entries, context);
  }

  /** Closes the file without undoing anything. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.close();
  }

  /** The newest line about a kernel setting tells what to put back, so an older one does not stand for it. */
  #isKnown(line: string, entry: JournalEntry): boolean {
    if (!this.#known.has(line)) return false;
    if (entry.kind !== 'sysctl') return true;
    const newest = this.#entries.findLast((other) => other.kind === 'sysctl' && other.path === entry.path);
    return JSON.stringify(newest) === line;
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    const lines = new Map(entries.map((entry) => [JSON.stringify(entry), entry]));
    for (const [line, entry] of lines) if (this.#isKnown(line, entry)) lines.delete(line);
    if (lines.size === 0) return;
    const bytes = Buffer.from(`${[...lines.keys()].join('\n')}\n`, 'utf8');
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
    } catch (error) {
      // Half a line in the middle would spoil the next one. If even this fails, reading skips the spoilt line.
      await this.#file.truncate(this.#sizeBytes).catch(() => undefined);
      throw storageError(this.#path, 'write', error);
    }
    this.#sizeBytes += bytes.length;
    for (const [line, entry] of lines) {
      this.#known.add(line);
      this.#entries.push(entry);
    }
  }
}

/**
 * Undoes whatever a dead process left on the system. Nothing to undo is no error, so it can be repeated.
 *
 * @param isKept changes that are to outlive the process: they stay written down
 * @throws JournalError STATE_DIR_IN_USE while the process lives, OTHER_NETWORK_NAMESPACE if the changes were made in
 * a namespace other than this one
 * @throws StorageError
 */
export async function revertLeftovers(
  stateDir: string,
  context: UndoContext,
  identity: ProcessIdentity = readProcessIdentity(),
  isKept: (entry: JournalEntry) => boolean = () => false,
): Promise<RevertReport> {
  const path = join(stateDir, JOURNAL_FILE);
  const found = await readJournal(path, identity);
  switch (found.kind) {
    case 'in-use':
      throw inUse(stateDir, found.pid);
    case 'other-namespace': {
      const where = `network namespace ${found.networkNamespace}`;
      throw new JournalError('OTHER_NETWORK_NAMESPACE', `${path} is about ${where}; run this command there`);
    }
    case 'leftovers':
      return undoAll(path, identity, found.entries, context, isKept);
    case 'nothing':
      return { outcomes: [], isIncomplete: false };
  }
}

type FoundJournal =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'in-use'; readonly pid: number }
  | { readonly kind: 'other-namespace'; readonly networkNamespace: string }
  | { readonly kind: 'leftovers'; readonly entries: readonly JournalEntry[] };

async function readJournal(path: string, identity: ProcessIdentity): Promise<FoundJournal> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'nothing' };
    throw storageError(path, 'read', error);
  }
  const [first, ...lines] = text.split('\n').slice(0, -1);
  const header = journalHeaderSchema.safeParse(parseLine(first ?? ''));
  if (!header.success) {
    await setAside(path);
    return { kind: 'nothing' };
  }
  const { bootId, networkNamespace, pid, processStart } = header.data;
  if (bootId !== identity.bootId) return { kind: 'nothing' };
  if (pid !== identity.pid && identity.processStartOf(pid) === processStart) return { kind: 'in-use', pid };
  const entries = lines.flatMap((line) => {
    const entry = journalEntrySchema.safeParse(parseLine(line));
    return entry.success ? [entry.data] : [];
  });
  if (entries.length === 0) return { kind: 'nothing' };
  if (networkNamespace !== identity.networkNamespace) return { kind: 'other-namespace', networkNamespace };
  return { kind: 'leftovers', entries };
}

async function writeJournal(
  path: string,
  identity: Omit<JournalHeader, 'journal'>,
  entries: readonly JournalEntry[],
): Promise<number> {
  const { bootId, networkNamespace, pid, processStart } = identity;
  const header: JournalHeader = { journal: 1, bootId, networkNamespace, pid, processStart };
  const text = `${[header, ...entries].map((line) => JSON.stringify(line)).join('\n')}\n`;
  await writeFileAtomically(path, text);
  return Buffer.byteLength(text);
}

async function undoAll(
  path: string,
  identity: ProcessIdentity,
  entries: readonly JournalEntry[],
  context: UndoContext,
  isKept: (entry: JournalEntry) => boolean = () => false,
): Promise<RevertReport> {
  const outcomes: UndoOutcome[] = [];
  const restored = new Set<string>();
  const due = entries.filter((entry) => !isKept(entry)).reverse();
  for (const entry of due) outcomes.push(await undoEntry(entry, context, restored));

  const failed = outcomes.filter(({ outcome }) => outcome === 'failed').map(({ entry }) => entry);
  const left = entries.filter((entry) => isKept(entry) || failed.includes(entry));
  if (left.length > 0) {
    // Owned by nobody: the process that wrote it is about to end.
    const owner = { ...identity, pid: 0, processStart: '' };
    await writeJournal(path, owner, left);
    return { outcomes, isIncomplete: failed.length > 0 };
  }
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw storageError(path, 'write', error);
  }
  await syncFolder(join(path, '..'));
  return { outcomes, isIncomplete: false };
}

function inUse(stateDir: string, pid: number): JournalError {
  return new JournalError('STATE_DIR_IN_USE', `process ${pid} uses ${stateDir}; stop it first`);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The schema refuses it, which is how a damaged line is skipped.
    return undefined;
  }
}

/** When a process started, which tells it from a later one with the same id; null if it has ended. */
export function readProcessStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain spaces; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return null;
    throw error;
  }
}
