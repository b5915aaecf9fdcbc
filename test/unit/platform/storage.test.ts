import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically, type FileOperations } from '../../../src-platform/storage/atomic-file.ts';
import { JsonFile } from '../../../src-platform/storage/json-file.ts';
import {
  decodePublicKey,
  fingerprintOf,
  loadOrCreateStaticKey,
} from '../../../src-platform/storage/static-key.ts';
import { DEFAULT_SETTINGS, settingsSchema, type Settings } from '../../../src-shared/model/settings.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-storage-'));
  path = join(dir, 'settings.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('a settings file', () => {
  it('gives the fallback before it exists and what was saved after', async () => {
    expect((await settingsFile().load()).value).toEqual(DEFAULT_SETTINGS);
    await settingsFile().save({ ...DEFAULT_SETTINGS, mode: 'bonded' });
    expect(await settingsFile().load()).toEqual({
      value: { ...DEFAULT_SETTINGS, mode: 'bonded' },
      setAsideAs: null,
      warning: null,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps fields that this version does not know', async () => {
    const newer = {
      ...DEFAULT_SETTINGS,
      colour: 'teal',
      links: { eth0: { priority: 'never', note: 'dock' } },
    };
    writeFileSync(path, JSON.stringify(newer));
    const { value } = await settingsFile().load();
    await settingsFile().save({ ...value, wanted: true });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...newer, wanted: true });
  });

  it.each([
    ['no JSON', '{"version":1,', 'it is no JSON'],
    ['no object', '[]', 'it is no object'],
    ['no version', '{}', 'it has no version'],
    ['a newer version', '{"version":2}', 'version 2 is newer than this program'],
    ['an unknown old version', '{"version":-1}', 'version -1 is unknown'],
    ['a wrong value', '{"version":1,"wanted":"yes","mode":"seamless","links":{}}', 'wanted: '],
  ])('sets a file with %s aside instead of losing it', async (_what, text, fault) => {
    writeFileSync(`${path}.bad-1`, 'an earlier one');
    writeFileSync(path, text);
    const loaded = await settingsFile().load();
    expect(loaded).toMatchObject({ value: DEFAULT_SETTINGS, setAsideAs: `${path}.bad-2` });
    expect(loaded.warning).toContain(fault);
    expect(readFileSync(`${path}.bad-2`, 'utf8')).toBe(text);
    expect(existsSync(path)).toBe(false);
  });

  it('brings an older version up to date', async () => {
    writeFileSync(path, '{"version":0,"enabled":true}');
    const file = settingsFile({ 0: ({ enabled }) => ({ ...DEFAULT_SETTINGS, wanted: enabled === true }) });
    expect((await file.load()).value).toMatchObject({ version: 1, wanted: true });
  });

  it('ends with the value that was saved last', async () => {
    const file = settingsFile();
    const modes = ['bonded', 'redundant', 'saver'] as const;
    await Promise.all(modes.map((mode) => file.save({ ...DEFAULT_SETTINGS, mode })));
    expect((await file.load()).value.mode).toBe('saver');
    expect(readdirSync(dir)).toEqual(['settings.json']);
  });
});

describe('replacing a file', () => {
  it.each([
    ['ENOSPC', 'writeFile', 'STORAGE_FULL'],
    ['EDQUOT', 'sync', 'STORAGE_FULL'],
    ['EACCES', 'open', 'STORAGE_DENIED'],
    ['EROFS', 'open', 'STORAGE_DENIED'],
    ['EIO', 'sync', 'STORAGE_FAILED'],
    ['EIO', 'rename', 'STORAGE_FAILED'],
  ] as const)('names %s from %s and leaves the old file', async (errno, step, code) => {
    const disk = scriptedDisk({ [step]: errno });
    await expect(writeFileAtomically('/s/file', 'new', disk.operations)).rejects.toMatchObject({
      code,
      path: '/s/file',
    });
    expect(disk.log).not.toContain('renamed');
  });

  it('makes the text durable before the name and the name durable last', async () => {
    const disk = scriptedDisk({});
    await writeFileAtomically('/s/file', 'new', disk.operations);
    expect(disk.log).toEqual([
      'open tmp',
      'write',
      'sync',
      'close',
      'renamed',
      'open folder',
      'sync',
      'close',
    ]);
  });
});

describe('the static key', () => {
  it('is made once, readable by its owner only, and known by its public key', async () => {
    const stateDir = join(dir, 'state');
    const first = await loadOrCreateStaticKey(stateDir);
    expect(await loadOrCreateStaticKey(stateDir)).toEqual(first);
    expect(statSync(join(stateDir, 'private-key')).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(first.publicKeyText).toHaveLength(44);
    expect(decodePublicKey(first.publicKeyText)).toEqual(first.publicKey);
    expect(first.publicKey).toEqual(publicKeyByNode(first.privateKey));
  });

  it('is the same for two processes that make it at once', async () => {
    const keys = await Promise.all([loadOrCreateStaticKey(dir), loadOrCreateStaticKey(dir)]);
    expect(keys[0]).toEqual(keys[1]);
  });

  it.each(['', 'not base64', 'c2hvcnQ='])('is never replaced when it cannot be read: "%s"', async (text) => {
    writeFileSync(join(dir, 'private-key'), text);
    await expect(loadOrCreateStaticKey(dir)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(readFileSync(join(dir, 'private-key'), 'utf8')).toBe(text);
  });

  it('has a fingerprint that people can compare', () => {
    // SHA-256 of 32 zero bytes begins with 66687aadf862bd776c8f.
    expect(fingerprintOf(new Uint8Array(32))).toBe('6668-7aad-f862-bd77-6c8f');
  });
});

function settingsFile(migrations: ConstructorParameters<typeof JsonFile<Settings>>[0]['migrations'] = {}) {
  return new JsonFile<Settings>({
    path,
    schema: settingsSchema,
    version: 1,
    migrations,
    fallback: DEFAULT_SETTINGS,
  });
}

function scriptedDisk(failures: Readonly<Partial<Record<'open' | 'writeFile' | 'sync' | 'rename', string>>>) {
  const log: string[] = [];
  const step = (name: keyof typeof failures, entry: string): Promise<void> => {
    const errno = failures[name];
    if (errno !== undefined) return Promise.reject(Object.assign(new Error(errno), { code: errno }));
    log.push(entry);
    return Promise.resolve();
  };
  const operations: FileOperations = {
    open: async (_path, flags) => {
      await step('open', flags === 'w' ? 'open tmp' : 'open folder');
      return {
        writeFile: () => step('writeFile', 'write'),
        sync: () => step('sync', 'sync'),
        close: () => Promise.resolve(void log.push('close')),
      };
    },
    rename: () => step('rename', 'renamed'),
    unlink: () => Promise.resolve(void log.push('unlinked')),
  };
  return { log, operations };
}

function publicKeyByNode(privateKey: Uint8Array): Uint8Array {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
  const key = createPrivateKey({ key: Buffer.concat([prefix, privateKey]), format: 'der', type: 'pkcs8' });
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
}
