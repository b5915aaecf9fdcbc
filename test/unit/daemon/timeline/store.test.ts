import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TimelineStore } from '../../../../src-daemon/timeline/store.ts';
import { createLog } from '../../../../src-platform/log.ts';
import { SegmentFolder, type SegmentOperations } from '../../../../src-platform/storage/segment-folder.ts';
import type { TimelineEntry } from '../../../../src-shared/model/timeline.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const ALL = { since: '2020-01-01T00:00:00.000Z' };

let dir: string;
let log: string[];

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'bowline-timeline-')), 'timeline');
  log = [];
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

describe('the timeline on disk', () => {
  it('is a private file of lines for each day, made with the first entry', async () => {
    const store = openStore();
    expect(await store.list(ALL)).toEqual({ entries: [], truncated: false });
    expect(existsSync(dir)).toBe(false);
    store.add([entry('2026-11-21T23:59:59.000Z'), entry('2026-11-22T00:00:01.000Z')]);
    await store.close();
    expect(readdirSync(dir).sort()).toEqual(['2026-11-21.ndjson', '2026-11-22.ndjson']);
    expect(statSync(join(dir, '2026-11-22.ndjson')).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(dir, '2026-11-22.ndjson'), 'utf8')).toBe(
      `${JSON.stringify(entry('2026-11-22T00:00:01.000Z'))}\n`,
    );
  });

  it('is read by the next daemon, together with what that one adds', async () => {
    const first = openStore();
    first.add([entry('2026-11-21T10:00:00.000Z')]);
    // The list waits for the write; afterwards the process may die without another word.
    await first.list(ALL);
    const second = openStore();
    second.add([entry(NOW)]);
    expect(await timesOf(second)).toEqual(['2026-11-21T10:00:00.000Z', NOW]);
    expect(log).toEqual([]);
  });

  it('loses only the line that a power cut tore, and says so once', async () => {
    const store = openStore();
    store.add([entry('2026-11-22T08:00:00.000Z')]);
    await store.list(ALL);
    appendFileSync(
      join(dir, '2026-11-22.ndjson'),
      JSON.stringify(entry('2026-11-22T08:30:00.000Z')).slice(0, 30),
    );
    expect(await timesOf(openStore())).toEqual(['2026-11-22T08:00:00.000Z']);
    const next = openStore();
    next.add([entry('2026-11-22T09:00:00.000Z')]);
    log = [];
    for (let i = 0; i < 2; i++) {
      expect(await timesOf(next)).toEqual(['2026-11-22T08:00:00.000Z', '2026-11-22T09:00:00.000Z']);
    }
    expect(log).toEqual(['warn timeline-lines-dropped 2026-11-22.ndjson 1']);
  });

  it('leaves out what is no entry, wherever it stands', async () => {
    mkdirSync(dir, { mode: 0o700 });
    const lines = ['\0\0\0', '{"kind":"party"}', JSON.stringify(entry(NOW)), '[]'];
    writeFileSync(join(dir, '2026-11-22.ndjson'), lines.join('\n'));
    writeFileSync(join(dir, 'notes.txt'), 'not ours');
    expect(await timesOf(openStore())).toEqual([NOW]);
    expect(log).toEqual(['warn timeline-lines-dropped 2026-11-22.ndjson 3']);
  });

  it('forgets what is older than four weeks when a new day is written, and nothing else', async () => {
    mkdirSync(dir, { mode: 0o700 });
    for (const name of ['2026-10-24.ndjson', '2026-10-25.ndjson', '2027-01-01.ndjson', 'notes.txt'])
      writeFileSync(join(dir, name), '');
    const store = openStore();
    store.add([entry(NOW)]);
    await store.close();
    expect(readdirSync(dir).sort()).toEqual([
      '2026-10-25.ndjson',
      '2026-11-22.ndjson',
      '2027-01-01.ndjson',
      'notes.txt',
    ]);
  });

  it('answers with the newest where more was asked for than fits', async () => {
    const store = openStore();
    store.add(['2026-11-20T08', '2026-11-21T08', '2026-11-22T08'].map((hour) => entry(`${hour}:00:00.000Z`)));
    expect(await store.list({ ...ALL, limit: 2 })).toEqual({
      entries: [entry('2026-11-21T08:00:00.000Z'), entry('2026-11-22T08:00:00.000Z')],
      truncated: true,
    });
    expect((await store.list({ ...ALL, limit: 3 })).truncated).toBe(false);
  });

  it('goes on in the right file when the clock jumps back, and answers in the order of the clock', async () => {
    const store = openStore();
    store.add([entry('2026-11-23T02:00:00.000Z'), entry('2026-11-22T23:00:00.000Z')]);
    store.add([entry('2026-11-23T01:00:00.000Z')]);
    const expected = ['2026-11-22T23:00:00.000Z', '2026-11-23T01:00:00.000Z', '2026-11-23T02:00:00.000Z'];
    expect(await timesOf(store)).toEqual(expected);
    expect(await timesOf(openStore())).toEqual(expected);
  });
});

describe('a disk that refuses', () => {
  it.each([
    ['ENOSPC', 'append', 'STORAGE_FULL'],
    ['EDQUOT', 'append', 'STORAGE_FULL'],
    ['EROFS', 'open', 'STORAGE_DENIED'],
    ['EIO', 'append', 'STORAGE_FAILED'],
  ] as const)('by %s on %s costs one warning, and no entry', async (errno, step, code) => {
    const failures: Failures = { [step]: errno };
    const store = openStore(failures);
    store.add([entry('2026-11-22T08:00:00.000Z')]);
    expect(await timesOf(store)).toEqual(['2026-11-22T08:00:00.000Z']);
    store.add([entry('2026-11-22T09:00:00.000Z')]);
    expect(await timesOf(store)).toEqual(['2026-11-22T08:00:00.000Z', '2026-11-22T09:00:00.000Z']);
    expect(log).toEqual([`warn timeline-not-stored ${code}`]);
    delete failures[step];
    store.add([entry(NOW)]);
    await store.close();
    expect(await timesOf(openStore())).toEqual(['2026-11-22T08:00:00.000Z', '2026-11-22T09:00:00.000Z', NOW]);
    expect(log.slice(1)).toEqual(['info timeline-stored-again']);
  });

  it('in the middle of a write leaves no line twice and no half line', async () => {
    const failures: Failures = { appendAfterBytes: 100 };
    const store = openStore(failures);
    store.add([entry('2026-11-22T08:00:00.000Z'), entry('2026-11-22T09:00:00.000Z')]);
    await store.close();
    expect(readFileSync(join(dir, '2026-11-22.ndjson'), 'utf8')).toBe('');
    delete failures.appendAfterBytes;
    expect(await timesOf(store)).toHaveLength(2);
    expect(await timesOf(openStore())).toHaveLength(2);
  });

  it('for good takes no more memory than some days of entries', async () => {
    const store = openStore({ append: 'ENOSPC' });
    for (let i = 0; i < 50; i++) {
      store.add(
        Array.from({ length: 100 }, (_, j) => entry(new Date(Date.parse(NOW) + 100 * i + j).toISOString())),
      );
    }
    const kept = await timesOf(store);
    expect(kept).toHaveLength(2_000);
    expect(kept.at(-1)).toBe(new Date(Date.parse(NOW) + 4_999).toISOString());
  });

  it('to be read is named, and what is in memory is shown', async () => {
    const store = openStore({ append: 'ENOSPC', readFile: 'EIO' });
    mkdirSync(dir, { mode: 0o700 });
    writeFileSync(join(dir, '2026-11-21.ndjson'), `${JSON.stringify(entry('2026-11-21T10:00:00.000Z'))}\n`);
    store.add([entry(NOW)]);
    expect(await timesOf(store)).toEqual([NOW]);
    expect(await timesOf(store)).toEqual([NOW]);
    // Once for the day of before, once for today's file, which is there but empty.
    expect(log).toEqual([
      'warn timeline-not-stored STORAGE_FULL',
      'warn timeline-unreadable STORAGE_FAILED',
      'warn timeline-unreadable STORAGE_FAILED',
    ]);
  });
});

interface Failures {
  open?: string;
  append?: string;
  readFile?: string;
  /** The disk takes so many bytes of a write and refuses the rest. */
  appendAfterBytes?: number;
}

function openStore(failures: Failures = {}): TimelineStore {
  return new TimelineStore({
    folder: new SegmentFolder(dir, faultyDisk(failures)),
    log: createLog('info', (line) => {
      const { level, event, segment, lines, code } = JSON.parse(line) as Record<string, string | undefined>;
      log.push([level, event, segment, lines, code].filter((word) => word !== undefined).join(' '));
    }),
    wallClock: () => Date.parse(NOW),
  });
}

/** The real disk, but for what fails at the moment. */
function faultyDisk(failures: Failures): SegmentOperations {
  const fail = (errno: string | undefined): void => {
    if (errno !== undefined) throw Object.assign(new Error(errno), { code: errno });
  };
  return {
    open: async (path, flags, mode) => {
      fail(failures.open);
      const file = await open(path, flags, mode);
      return {
        stat: file.stat.bind(file),
        read: file.read.bind(file),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
        appendFile: async (text) => {
          fail(failures.append);
          if (failures.appendAfterBytes === undefined) return file.appendFile(text);
          await file.appendFile(String(text).slice(0, failures.appendAfterBytes));
          fail('ENOSPC');
        },
      };
    },
    readFile: (path, encoding) => {
      fail(failures.readFile);
      return readFile(path, encoding);
    },
    readdir,
    stat,
    unlink,
  };
}

async function timesOf(store: TimelineStore): Promise<readonly string[]> {
  return (await store.list(ALL)).entries.map(({ at }) => at);
}

function entry(at: string): TimelineEntry {
  return { kind: 'link', at, link: 'eth0', state: 'lost' };
}
