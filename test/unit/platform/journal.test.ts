import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src-platform/journal/entry.ts';
import {
  JOURNAL_FILE,
  revertLeftovers,
  SystemJournal,
  type ProcessIdentity,
} from '../../../src-platform/journal/system-journal.ts';
import { Sysctls } from '../../../src-platform/sysctl.ts';
import { FakeExec } from '../../support/fake-exec.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

const FORWARD = 'net/ipv4/ip_forward';
const REDIRECTS = 'net/ipv4/conf/all/accept_redirects';
const FILTER = 'net/ipv4/conf/eth0/rp_filter';

let dir: string;
let path: string;
let system: { exec: FakeExec['exec']; sysctls: FakeSysctls };
let commands: FakeExec;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-journal-'));
  path = join(dir, JOURNAL_FILE);
  commands = new FakeExec();
  system = {
    exec: commands.exec,
    sysctls: new FakeSysctls({ [FORWARD]: '0', [REDIRECTS]: '0', [FILTER]: '1' }),
  };
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the journal', () => {
  it('has a change on the disk before the change is made', async () => {
    const journal = await SystemJournal.open(dir, process1());
    const seen: string[] = [];
    const files = new FakeSysctls({ [FILTER]: '1' });
    const write = files.write.bind(files);
    files.write = (target, value) => {
      seen.push(readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '');
      write(target, value);
    };
    await new Sysctls(files, journal).apply([{ path: FILTER, value: '2' }]);
    expect(seen.map((line) => JSON.parse(line) as unknown)).toEqual([
      { kind: 'sysctl', path: FILTER, before: '1', written: '2' },
    ]);
    await journal.close();
  });

  it('undoes in reverse order and ends', async () => {
    const journal = await SystemJournal.open(dir, process1());
    await journal.record([nftTable('first'), nftTable('second')]);
    await journal.record([nftTable('third')]);
    await journal.revert(system);
    expect(commands.take().map(({ line }) => line)).toEqual([
      'nft delete table inet third',
      'nft delete table inet second',
      'nft delete table inet first',
    ]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('does not grow when the same changes are made again', async () => {
    const journal = await SystemJournal.open(dir, process1());
    const entries = [nftTable('a'), nftTable('b')];
    await journal.record(entries);
    const text = readFileSync(path, 'utf8');
    await Promise.all([journal.record(entries), journal.record([...entries].reverse())]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    await journal.close();
  });

  it('survives a kill at any byte: whole lines are undone, a cut one is ignored', async () => {
    const journal = await SystemJournal.open(dir, process1());
    const headerBytes = readFileSync(path).length;
    const entries = [nftTable('one'), nftTable('two'), nftTable('three')];
    for (const entry of entries) await journal.record([entry]);
    await journal.close();
    const whole = readFileSync(path);
    for (let length = headerBytes; length <= whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const lines = whole.subarray(headerBytes, length).toString().split('\n').length - 1;
      const report = await revertLeftovers(dir, system, process2());
      expect(
        report.outcomes.map(({ entry }) => entry),
        `${length} bytes`,
      ).toEqual(entries.slice(0, lines).reverse());
    }
  });

  it('sets a journal without a readable beginning aside', async () => {
    writeFileSync(path, '{"journal":1,"bo\n{"kind":"tun","name":"bowline0"}\n');
    expect((await revertLeftovers(dir, system, process2())).outcomes).toEqual([]);
    expect(readdirSync(dir)).toEqual([`${JOURNAL_FILE}.bad-1`]);
  });

  it('skips a damaged line and undoes the others', async () => {
    await leave([nftTable('a'), nftTable('b')]);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"name":"a"', '"name":7'));
    expect((await revertLeftovers(dir, system, process2())).outcomes).toMatchObject([
      { entry: nftTable('b') },
    ]);
  });

  it('has nothing to undo after a reboot', async () => {
    await leave([nftTable('a')]);
    const report = await revertLeftovers(dir, system, { ...process2(), bootId: 'another' });
    expect({ report, commands: commands.take() }).toEqual({
      report: { outcomes: [], isIncomplete: false },
      commands: [],
    });
  });

  it('undoes nothing in another network namespace, and keeps the journal for the right one', async () => {
    await leave([nftTable('a')]);
    const elsewhere = { ...process2(), networkNamespace: 'net:[2]' };
    await expect(revertLeftovers(dir, system, elsewhere)).rejects.toMatchObject({
      code: 'OTHER_NETWORK_NAMESPACE',
    });
    expect((await revertLeftovers(dir, system, process2())).outcomes).toHaveLength(1);
  });

  it('is not undone under a living daemon, nor shared with it', async () => {
    const journal = await SystemJournal.open(dir, process1());
    await journal.record([nftTable('a')]);
    const while1Lives = { ...process2(), processStartOf: (pid: number) => (pid === 1 ? 'start-1' : null) };
    await expect(revertLeftovers(dir, system, while1Lives)).rejects.toMatchObject({
      code: 'STATE_DIR_IN_USE',
    });
    await expect(SystemJournal.open(dir, while1Lives)).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
    const pidReused = { ...process2(), processStartOf: () => 'later' };
    expect((await revertLeftovers(dir, system, pidReused)).outcomes).toHaveLength(1);
    await journal.close();
  });

  it('is taken over by the next daemon if nobody undid it', async () => {
    await leave([nftTable('a')]);
    const journal = await SystemJournal.open(dir, process2());
    await journal.record([nftTable('b')]);
    expect((await journal.revert(system)).outcomes.map(({ entry }) => entry)).toEqual([
      nftTable('b'),
      nftTable('a'),
    ]);
  });

  it('keeps what could not be undone for the next attempt', async () => {
    await leave([nftTable('a'), nftTable('b'), nftTable('c')]);
    commands.fails(/table inet b/, 'Error: Device or resource busy', 1);
    expect(await revertLeftovers(dir, system, process2())).toMatchObject({ isIncomplete: true });
    expect((await revertLeftovers(dir, system, process2())).outcomes).toEqual([
      { entry: nftTable('b'), outcome: 'undone' },
    ]);
  });

  it('takes what is gone already as undone', async () => {
    await leave([nftTable('a'), { kind: 'tun', name: 'bowline0' }]);
    commands.fails(/nft/, 'Error: Could not process rule: No such file or directory');
    commands.fails(/link show/, 'Device "bowline0" does not exist.');
    expect((await revertLeftovers(dir, system, process2())).outcomes.map(({ outcome }) => outcome)).toEqual([
      'nothing-to-undo',
      'nothing-to-undo',
    ]);
  });
});

describe('kernel settings in the journal', () => {
  it('are restored together with what the kernel changed along with them', async () => {
    const journal = await SystemJournal.open(dir, process1());
    await new Sysctls(system.sysctls, journal).apply([
      { path: FORWARD, value: '1', consequences: [REDIRECTS] },
    ]);
    system.sysctls.values.set(REDIRECTS, '1');
    await journal.revert(system);
    expect(Object.fromEntries(system.sysctls.values)).toEqual({
      [FORWARD]: '0',
      [REDIRECTS]: '0',
      [FILTER]: '1',
    });
  });

  it('are put back to the newest of several earlier values, whichever it was before', async () => {
    const journal = await SystemJournal.open(dir, process1());
    const path = 'net/ipv4/conf/eth0/rp_filter';
    for (const before of ['1', '0', '1', '1'])
      await journal.record([{ kind: 'sysctl', path, before, written: '2' }]);
    expect(journal.entries).toHaveLength(3);
    const sysctls = new FakeSysctls({ [path]: '2' });
    await journal.revert({ exec: new FakeExec().exec, sysctls });
    expect(sysctls.read(path)).toBe('1');
  });

  it('are left alone, consequences too, when somebody else has changed them since', async () => {
    const journal = await SystemJournal.open(dir, process1());
    await new Sysctls(system.sysctls, journal).apply([
      { path: FORWARD, value: '1', consequences: [REDIRECTS] },
    ]);
    system.sysctls.values.set(FORWARD, '2').set(REDIRECTS, '1');
    await journal.revert(system);
    expect(system.sysctls.values.get(FORWARD)).toBe('2');
    expect(system.sysctls.values.get(REDIRECTS)).toBe('1');
  });

  it('are not touched when they are right, missing, or refused', async () => {
    const journal = await SystemJournal.open(dir, process1());
    system.sysctls.refused.set(FORWARD, 'EROFS');
    const report = await new Sysctls(system.sysctls, journal).apply([
      { path: FILTER, value: '1' },
      { path: 'net/ipv4/conf/gone/rp_filter', value: '2' },
      { path: FORWARD, value: '1' },
    ]);
    expect(report).toEqual({ changed: [], refused: [{ path: FORWARD, errno: 'EROFS' }] });
    expect(journal.entries.map((entry) => entry.kind === 'sysctl' && entry.path)).toEqual([FORWARD]);
    await journal.close();
  });
});

function nftTable(name: string): JournalEntry {
  return { kind: 'nft-table', family: 'inet', name };
}

/** A daemon that wrote entries and died. */
async function leave(entries: readonly JournalEntry[]): Promise<void> {
  const journal = await SystemJournal.open(dir, process1());
  await journal.record(entries);
  await journal.close();
}

function process1(): ProcessIdentity {
  return {
    bootId: 'boot',
    networkNamespace: 'net:[1]',
    pid: 1,
    processStart: 'start-1',
    processStartOf: () => null,
  };
}

function process2(): ProcessIdentity {
  return { ...process1(), pid: 2, processStart: 'start-2' };
}
