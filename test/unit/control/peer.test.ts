import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { restrictSocket } from '../../../src-control/peer.ts';

// What the packaged services meet: their system call filter refuses this call, whomever the file belongs to.
vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  chownSync: vi.fn(() => {
    throw Object.assign(new Error('EPERM: operation not permitted, chown'), { code: 'EPERM' });
  }),
}));

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-peer-'));
  path = join(dir, 'daemon.sock');
  writeFileSync(path, '');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('restricting a socket where no file may be given away', () => {
  it('works for the group that it has already', () => {
    restrictSocket(path, statSync(path).gid);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(chownSync).not.toHaveBeenCalled();
  });

  it('fails for another group', () => {
    expect(() => restrictSocket(path, statSync(path).gid + 1)).toThrow('EPERM');
  });
});
