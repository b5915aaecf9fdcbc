import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupMarkClear, cgroupMarkSet, ExecGate, ProcessStarts } from '../../../src-native/lib/index.ts';
import {
  ControlGroups,
  dissolveGroups,
  findGroupRoot,
  listGroups,
} from '../../../src-platform/apps/control-groups.ts';

const ROOT = findGroupRoot() ?? '';
const PREFIX = `bowline-test${process.pid}-`;
const PRINT_MARK =
  'import socket; print(hex(socket.socket().getsockopt(socket.SOL_SOCKET, 36) & 0xffffffff))';
const marker = { cgroupMarkSet, cgroupMarkClear };

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'bowline-programs-'))));
afterEach(() => {
  dissolveGroups(ROOT, PREFIX, marker);
  rmSync(dir, { recursive: true });
});

/** Mark of a new socket of a program that is started in a group. */
function markIn(path: string, before: readonly string[] = []): string {
  const script = `echo $$ > ${ROOT}${path}/cgroup.procs; exec "$@"`;
  return execFileSync('sh', ['-c', script, 'sh', ...before, 'python3', '-c', PRINT_MARK], {
    encoding: 'utf8',
  }).trim();
}

const REST_MS = 5;

describe('sockets of a control group', () => {
  it('have its mark from the start, the nearest group’s, in this network namespace alone', () => {
    const outer = `/${PREFIX}outer`;
    mkdirSync(`${ROOT}${outer}/${PREFIX}inner`, { recursive: true });
    cgroupMarkSet(`${ROOT}${outer}`, 0xb1000000);
    expect(markIn(outer)).toBe('0xb1000000');
    expect(markIn(`${outer}/${PREFIX}inner`)).toBe('0xb1000000');
    expect(markIn(outer, ['unshare', '--net'])).toBe('0x0');
    cgroupMarkSet(`${ROOT}${outer}/${PREFIX}inner`, 0xb2000000);
    expect(markIn(`${outer}/${PREFIX}inner`)).toBe('0xb2000000');
    cgroupMarkSet(`${ROOT}${outer}`, 0xb3000000);
    expect(markIn(outer)).toBe('0xb3000000');
    cgroupMarkClear(`${ROOT}${outer}`);
    cgroupMarkClear(`${ROOT}${outer}`);
    expect(markIn(outer)).toBe('0x0');
  });
});

describe('the mark of a control group', () => {
  it('is given also while signals come, at which the kernel breaks off', async () => {
    const path = `${ROOT}/${PREFIX}signals`;
    mkdirSync(path);
    let received = 0;
    const count = (): void => void received++;
    process.on('SIGUSR2', count);
    const sender = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do sleep 0.0005; done`]);
    for (let round = 0; round < 50 || received < 200; round++) {
      for (let mark = 0; mark < 100; mark++) cgroupMarkSet(path, mark);
      // Signals are counted between the calls.
      await new Promise(setImmediate);
    }
    sender.kill('SIGKILL');
    process.off('SIGUSR2', count);
  });
});

describe('a process', () => {
  it('goes into a group below its own, its children with it, and back again', async () => {
    const groups = new ControlGroups(ROOT, PREFIX, marker);
    const child = spawn('sh', ['-c', 'sleep 60 & sleep 60'], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    const home = groups.placeOf(pid)?.base ?? '';
    const enter = async (purpose: string, mark: number): Promise<boolean> =>
      groups.enterWithChildren(pid, groups.placeOf(pid)!, purpose, mark);
    await enter('1', 0xb1000000);
    expect(groups.placeOf(pid)).toEqual({ base: home, purpose: '1' });
    expect(groups.processesFor('1')).toContain(pid);
    expect(await enter('1', 0xb1000000)).toBe(false);
    await enter('2', 0xb2000000);
    expect(groups.placeOf(pid)?.purpose).toBe('2');
    groups.sweep();
    expect([...groups.purposes]).toContain('2');

    const another = new ControlGroups(ROOT, PREFIX, marker);
    another.adopt();
    expect(another.processesFor('2')).toContain(pid);
    expect(dissolveGroups(ROOT, PREFIX, marker)).toBe(true);
    expect(groups.placeOf(pid)).toEqual({ base: home, purpose: null });
    expect(listGroups(ROOT).filter((path) => path.includes(PREFIX))).toEqual([]);
    expect(dissolveGroups(ROOT, PREFIX, marker)).toBe(false);
    groups.close();
    child.kill('SIGKILL');
    execFileSync('sh', ['-c', `pkill -KILL -P ${pid} || true`]);
  });

  it('goes into a group that somebody else has removed meanwhile, with its mark', async () => {
    const groups = new ControlGroups(ROOT, PREFIX, marker);
    const children = [spawn('/bin/sleep', ['60']), spawn('/bin/sleep', ['60'])];
    const [first = 0, second = 0] = children.map(({ pid }) => pid);
    const enter = async (pid: number): Promise<boolean> =>
      groups.enter(pid, groups.placeOf(pid)!, '1', 0xb1000000);
    expect(await enter(first)).toBe(true);
    groups.leave(first);
    const [path = ''] = listGroups(ROOT).filter((each) => each.includes(PREFIX));
    rmdirSync(`${ROOT}${path}`);
    expect(await enter(second)).toBe(true);
    expect(groups.placeOf(second)?.purpose).toBe('1');
    expect(markIn(path)).toBe('0xb1000000');
    groups.close();
    for (const child of children) child.kill('SIGKILL');
    dissolveGroups(ROOT, PREFIX, marker);
  });

  it('is told of when it starts, if its executable was asked about, also after that was replaced', async () => {
    const program = join(dir, 'sleeper');
    copyFileSync('/bin/sleep', program);
    const starts = new ProcessStarts();
    const seen: number[] = [];
    let calls = 0;
    starts.startPolling(() => {
      calls++;
      seen.push(...starts.read());
    });
    starts.follow([program], REST_MS);
    const others = Array.from({ length: 5 }, () => spawn('/bin/sleep', ['60']));
    const children = [spawn(program, ['60'])];
    await expect.poll(() => seen).toEqual([children[0]?.pid]);
    rmSync(program);
    copyFileSync('/bin/sleep', program);
    children.push(spawn(program, ['60']), spawn(program, ['60']));
    await expect.poll(() => seen).toHaveLength(3);
    expect(seen.toSorted()).toEqual(children.map(({ pid }) => pid).toSorted());
    // Nobody is woken for the others.
    expect(calls).toBeLessThanOrEqual(children.length);

    starts.follow([], REST_MS);
    children.push(spawn(program, ['60']));
    starts.follow([realpathSync('/bin/sleep')], REST_MS);
    others.push(spawn('/bin/sleep', ['60']));
    // Others on this machine may start it, too.
    await expect.poll(() => seen).toContain(others.at(-1)?.pid);
    expect(seen).not.toContain(children.at(-1)?.pid);
    for (const child of [...children, ...others]) child.kill('SIGKILL');
    starts.close();
    starts.close();
    expect(() => starts.follow([], REST_MS)).toThrow(
      expect.objectContaining({ code: 'ERR_CLOSED' }) as Error,
    );
  });

  it('waits at the gate before it becomes a program that is held', async () => {
    const program = join(dir, 'held');
    copyFileSync('/bin/true', program);
    const gate = new ExecGate();
    gate.add(program);
    const waiting: number[] = [];
    gate.startPolling(() => waiting.push(...gate.read()));
    // The shell waits, not this process: it would wait for itself.
    const shell = spawn('sh', ['-c', `${program}; echo through`], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await expect.poll(() => waiting).toHaveLength(4);
    const [, device, inode, ticket = 0] = waiting;
    const { dev, ino } = statSync(program);
    expect([device, inode, output]).toEqual([dev, ino, '']);
    gate.allow(ticket);
    await expect.poll(() => output).toBe('through\n');
    // Who waits when it is closed is let through.
    const second = spawn('sh', ['-c', program]);
    await expect.poll(() => waiting).toHaveLength(8);
    gate.close();
    await new Promise((resolve) => second.once('exit', resolve));
    expect(second.exitCode).toBe(0);
  });
});
