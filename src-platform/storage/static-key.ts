import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, PRIVATE_FILE_MODE, StorageError, storageError, syncFolder } from './atomic-file.ts';
import { makeStateDir } from './json-file.ts';

/** File in the state folder that holds the private key in base64. */
export const STATIC_KEY_FILE = 'private-key';

const KEY_BYTES = 32;

/** The lasting identity of a laptop or box. */
export interface StaticKey {
  /** X25519, raw, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
  /** The public key in base64, 44 characters: what people and `--peer` pass on. */
  readonly publicKeyText: string;
}

/**
 * Reads the static key of a state folder and makes one on first use. Two processes that do so at once get the same.
 *
 * @throws StorageError if the key cannot be read or stored; an unreadable key is never replaced, since every paired
 * machine knows this one by it
 */
export async function loadOrCreateStaticKey(stateDir: string): Promise<StaticKey> {
  const path = join(stateDir, STATIC_KEY_FILE);
  return (await load(path)) ?? (await create(stateDir, path));
}

/** Shortens a public key to five groups that people can compare: `3f2a-91bc-07de-55a1-c0ff`. */
export function fingerprintOf(publicKey: Uint8Array): string {
  const hex = createHash('sha256').update(publicKey).digest('hex').slice(0, 20);
  return hex.replace(/(.{4})(?=.)/g, '$1-');
}

/**
 * Decodes a public key from base64.
 *
 * @throws RangeError if it is not 32 bytes long
 */
export function decodePublicKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES) throw new RangeError('a public key has 32 bytes');
  return new Uint8Array(bytes);
}

async function load(path: string): Promise<StaticKey | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw storageError(path, 'read', error);
  }
  const privateKey = Buffer.from(text.trim(), 'base64');
  if (privateKey.length !== KEY_BYTES || privateKey.toString('base64') !== text.trim()) {
    const advice = 'restore it from a copy, or move it away to get a new key and pair again';
    throw new StorageError('STORAGE_FAILED', path, `${path} is no private key; ${advice}`);
  }
  return staticKey(privateKey);
}

async function create(stateDir: string, path: string): Promise<StaticKey> {
  const { privateKey } = generateKeyPairSync('x25519');
  const raw = rawBytes(privateKey, 'd');
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await makeStateDir(stateDir);
  try {
    const file = await open(temporaryPath, 'w', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(`${Buffer.from(raw).toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a hard link fails if another process was first; then that key is the one.
    await link(temporaryPath, path).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
    await unlink(temporaryPath);
    await syncFolder(stateDir);
  } catch (error) {
    // The first error is the one to report.
    await unlink(temporaryPath).catch(() => undefined);
    throw storageError(path, 'write', error);
  }
  const stored = await load(path);
  if (stored === null) throw new StorageError('STORAGE_FAILED', path, `${path} vanished while it was made`);
  return stored;
}

function staticKey(privateKey: Buffer): StaticKey {
  const publicKey = rawBytes(createPublicKey(importPrivateKey(privateKey)), 'x');
  return {
    privateKey: new Uint8Array(privateKey),
    publicKey,
    publicKeyText: Buffer.from(publicKey).toString('base64'),
  };
}

/** PKCS #8 header of an X25519 private key (RFC 8410), after which the 32 raw bytes follow. */
const PKCS8_X25519_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

function importPrivateKey(raw: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_X25519_PREFIX, raw]), format: 'der', type: 'pkcs8' });
}

function rawBytes(key: KeyObject, field: 'd' | 'x'): Uint8Array {
  const value = key.export({ format: 'jwk' })[field];
  if (value === undefined) throw new Error(`key has no field ${field}`);
  return new Uint8Array(Buffer.from(value, 'base64url'));
}
