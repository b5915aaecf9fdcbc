import { mkdtempSync, rmSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PairedLaptops } from '../../../src-box/peers/paired-laptops.ts';
import { PairedBoxFile } from '../../../src-daemon/pairing/paired-box.ts';
import { BoxPairing } from '../../../src-pairing/box-pairing.ts';
import { LaptopPairing } from '../../../src-pairing/laptop-pairing.ts';
import type { FileOperations, StagedFile } from '../../../src-platform/storage/atomic-file.ts';
import { BOX, fingerprintOf, identity, LAPTOP, random, text } from './pairing-world.ts';

const HOSTS = [{ host: '192.168.1.2', port: 4747 }];
const OLD_KEY = base64(identity('old-box', 40).publicKey);
const OLD_BOX = { name: 'old-box', publicKey: OLD_KEY, hosts: HOSTS, told: [] };
const NEW_BOX = { name: 'box', publicKey: base64(BOX.publicKey), hosts: HOSTS, told: [] };
const NEW_LAPTOP = { name: 'laptop', publicKey: base64(LAPTOP.publicKey) };
/** More than there are file operations in one pairing. */
const MOST_OPERATIONS = 40;

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'bowline-pairing-'))));
afterEach(() => rmSync(dir, { recursive: true }));

describe.each(['nothing', 'another box'] as const)('a pairing of a laptop that knows %s', (before) => {
  it('is old or new on each side, whichever file operation a kill comes before', async () => {
    const seen = new Set<string>();
    for (let fatal = 1; fatal <= MOST_OPERATIONS; fatal++) {
      await prepare(before);
      const disk = new FaultyDisk(fatal, 'dies');
      await pair(disk).catch(() => undefined);
      const { laptop, box } = await states();
      expect(box, `${fatal}: the box`).toBeOneOf([[], [NEW_LAPTOP]]);
      expect(laptop, `${fatal}: the laptop`).toBeOneOf([before === 'nothing' ? null : OLD_BOX, NEW_BOX]);
      if (laptop?.name === NEW_BOX.name)
        expect(box, `${fatal}: a box that knows the laptop`).toEqual([NEW_LAPTOP]);
      seen.add(`${laptop?.name ?? 'none'} ${box.length}`);
      // Whatever was left behind, pairing again ends well.
      await pair(new FaultyDisk(Infinity, 'dies'));
      expect(await states(), `${fatal}: again`).toEqual({ laptop: NEW_BOX, box: [NEW_LAPTOP] });
    }
    const old = before === 'nothing' ? 'none' : OLD_BOX.name;
    expect([...seen].sort(), 'the box is first').toEqual([`${old} 0`, `${old} 1`, 'box 1'].sort());
  });

  it('changes nothing on either side where a disk is full', async () => {
    const ends: string[] = [];
    for (let full = 1; full <= MOST_OPERATIONS; full++) {
      await prepare(before);
      const end = await pair(new FaultyDisk(full, 'is full')).catch((error: Error) => error.message);
      const old = { laptop: before === 'nothing' ? null : OLD_BOX, box: [] };
      const expected = end === 'done' ? { laptop: NEW_BOX, box: [NEW_LAPTOP] } : old;
      expect(await states(), `${full}: ${end}`).toEqual(expected);
      ends.push(end);
    }
    const isOfLaptop = (end: string): boolean => end.includes('box.json: the disk is full');
    expect([ends.filter(isOfLaptop).length, ends.filter((end) => end === 'box-storage').length]).toEqual([
      3, 3,
    ]);
    expect(ends.at(-1)).toBe('done');
  });
});

describe.each(['dies', 'is full'] as const)('where the disk %s,', (how) => {
  it('a revocation leaves the old list or the new one', async () => {
    for (let fatal = 1; fatal <= 12; fatal++) {
      await prepare('nothing');
      await pair(new FaultyDisk(Infinity, 'dies'));
      const disk = new FaultyDisk(fatal, how);
      const laptops = new PairedLaptops(dir, disk.operations);
      await laptops.load();
      const isDone = await laptops.remove(NEW_LAPTOP.publicKey).then(
        () => true,
        () => false,
      );
      const { box } = await states();
      expect(box, `${fatal}`).toBeOneOf([[], [NEW_LAPTOP]]);
      if (isDone) expect(box, `${fatal}`).toEqual([]);
      else expect(laptops.list, `${fatal}: what is in memory is what was said`).toHaveLength(1);
    }
  });

  it('learning where the box is leaves what was known or what is new', async () => {
    const moved = { ...OLD_BOX, told: [{ host: '192.168.1.99', port: 4747 }] };
    for (let fatal = 1; fatal <= 12; fatal++) {
      await prepare('another box');
      const disk = new FaultyDisk(fatal, how);
      await new PairedBoxFile(dir, disk.operations).update(moved).catch(() => undefined);
      expect((await states()).laptop, `${fatal}`).toBeOneOf([OLD_BOX, moved]);
    }
  });

  it('unpairing leaves the old box or none', async () => {
    for (let fatal = 1; fatal <= 12; fatal++) {
      await prepare('another box');
      const disk = new FaultyDisk(fatal, how);
      await new PairedBoxFile(dir, disk.operations).forget().catch(() => undefined);
      expect((await states()).laptop, `${fatal}`).toBeOneOf([OLD_BOX, null]);
    }
  });
});

async function prepare(before: 'nothing' | 'another box'): Promise<void> {
  rmSync(join(dir, 'box.json'), { force: true });
  rmSync(join(dir, 'peers.json'), { force: true });
  if (before === 'another box') await (await new PairedBoxFile(dir).stage(OLD_BOX)).commit();
}

/** What both sides find after a restart; a file that had to be set aside fails the test. */
async function states(): Promise<{ laptop: { name: string } | null; box: readonly unknown[] }> {
  const laptop = await new PairedBoxFile(dir).load();
  const laptops = new PairedLaptops(dir);
  expect([laptop.warning, await laptops.load()]).toEqual([null, null]);
  return { laptop: laptop.box as { name: string } | null, box: laptops.list };
}

/** Pairs over a perfect network, in the order of writes that daemon and box have. @returns how it ended. */
async function pair(disk: FaultyDisk): Promise<string> {
  const laptops = new PairedLaptops(dir, disk.operations);
  await laptops.load();
  const box = new BoxPairing({ identity: BOX, random });
  const { code } = box.openCode(0);
  const laptop = new LaptopPairing({
    identity: LAPTOP,
    code,
    ways: [{ box: 0, fingerprint: null }],
    random,
    fingerprintOf,
    now: 0,
  });
  let staged: StagedFile | null = null;
  laptop.onTimeout(0);
  for (;;) {
    const question = laptop.poll();
    if (question !== undefined) {
      const answer = box.onDatagram(question.bytes, text('way'), 1);
      if (answer !== null) laptop.onDatagram(0, answer, 1);
      for (let event = box.pollEvent(); event !== undefined; event = box.pollEvent()) {
        if (event.kind !== 'pin') continue;
        const outcome = await laptops.put('laptop', base64(event.laptop.publicKey)).then(
          () => 'stored' as const,
          () => (disk.isDead ? null : ('disk-full' as const)),
        );
        if (outcome === null) throw new Error('killed');
        laptop.onDatagram(0, box.finishPin(event.attempt, outcome)!, 1);
      }
      continue;
    }
    const { state } = laptop;
    if (state.kind === 'staging') {
      staged = await new PairedBoxFile(dir, disk.operations).stage(NEW_BOX);
      laptop.staged(1);
    } else if (state.kind === 'done') {
      await staged!.commit();
      return 'done';
    } else if (state.kind === 'failed') {
      await staged?.discard();
      return state.failure.kind;
    } else throw new Error(`stuck at ${state.kind}`);
  }
}

/**
 * Real files. The operation with a given number fails: with `dies` any one, and every later one too; with `is full`
 * only such as need space are counted.
 */
class FaultyDisk {
  isDead = false;
  private readonly at: number;
  private readonly how: 'dies' | 'is full';
  private count = 0;

  constructor(at: number, how: 'dies' | 'is full') {
    this.at = at;
    this.how = how;
  }

  readonly operations: FileOperations = {
    open: async (path, flags, mode) => {
      const needsSpace = flags === 'w';
      this.step(needsSpace);
      const file = await open(path, flags, mode);
      return {
        writeFile: async (data) => {
          // A disk that gets full has taken a part of it.
          if (this.count + 1 === this.at) await file.writeFile(String(data).slice(0, 7));
          this.step(true);
          await file.writeFile(data);
        },
        sync: async () => {
          this.step(needsSpace);
          await file.sync();
        },
        close: async () => {
          await file.close();
          this.step(false);
        },
      };
    },
    rename: async (from, to) => {
      this.step(false);
      await rename(from, to);
    },
    unlink: async (path) => {
      if (this.isDead) throw new Error('killed');
      await unlink(path);
    },
  };

  private step(needsSpace: boolean): void {
    if (this.how === 'is full' && !needsSpace) return;
    this.count++;
    if (!this.isDead && this.count !== this.at) return;
    this.isDead = this.how === 'dies';
    throw Object.assign(new Error('fault'), { code: 'ENOSPC' });
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
