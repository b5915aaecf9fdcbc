import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, fstatSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handOverGateGroup, takeGateGroup } from '../../../../src-platform/apps/gate-group.ts';
import { createLog } from '../../../../src-platform/log.ts';
import { native } from '../../../../src-platform/native.ts';

let dir: string;
let manager: ChildProcess | null = null;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'bowline-group-'))));
afterEach(() => {
  manager?.kill('SIGKILL');
  manager = null;
  rmSync(dir, { recursive: true });
});

describe('root’s step before the start', () => {
  it('has the service manager keep a group before it ends, and keeps none itself', async () => {
    const socket = join(dir, 'notify');
    const messages = await startManager(socket);
    handOverGateGroup({ NOTIFY_SOCKET: socket });
    await expect
      .poll(() => messages)
      .toEqual(['FDSTORE=1|FDNAME=bowline-gate anon_inode:[fanotify]', 'BARRIER=1 pipe']);
    expect(openGroups()).toBe(0);
  });

  it('says what is missing', () => {
    expect(() => handOverGateGroup({})).toThrow('no service manager listens');
    expect(() => handOverGateGroup({ NOTIFY_SOCKET: join(dir, 'nobody') })).toThrow('sendmsg');
    expect(openGroups()).toBe(0);
  });
});

describe('a group that was handed over', () => {
  it('is what the next gate is made of, without the marks that it had', async () => {
    const program = join(dir, 'held');
    copyFileSync('/bin/true', program);
    const opened = new native.ExecGate();
    opened.add(program);
    native.adoptExecGroup(opened.descriptor);
    await exitOf(spawn('sh', ['-c', program]));
    opened.close();
    const gate = new native.ExecGate();
    expect(openGroups()).toBe(1);
    gate.add(program);
    const waiting: number[] = [];
    gate.startPolling(() => waiting.push(...gate.read()));
    const shell = spawn('sh', ['-c', program]);
    await expect.poll(() => waiting).toHaveLength(4);
    gate.close();
    await exitOf(shell);
    expect(openGroups()).toBe(0);
  });

  it('is not taken while the manager may have a copy: nobody would wake who waits', () => {
    const logged: string[] = [];
    const descriptor = openSync('/dev/null', 'r');
    takeGateGroup(handingOver(descriptor, join(dir, 'nobody')), logTo(logged));
    expect(logged).toEqual([expect.stringMatching(/"warn","event":"gate-not-taken".*ENOENT.*sendmsg/)]);
    expect(() => fstatSync(descriptor)).toThrow('EBADF');
  });

  it('is nothing else that came in its place', () => {
    const logged: string[] = [];
    const descriptor = openSync('/dev/null', 'r');
    takeGateGroup(handingOver(descriptor, ''), logTo(logged));
    expect(logged).toEqual([expect.stringMatching(/"warn","event":"gate-not-taken".*EINVAL.*fanotify_mark/)]);
    expect(() => fstatSync(descriptor)).toThrow('EBADF');
  });
});

/** Names what came with each message, and closes it. */
const MANAGER = `
import os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("ready", flush=True)
while True:
    text, descriptors, _, _ = socket.recv_fds(receiver, 4096, 9)
    kinds = [os.readlink(f"/proc/self/fd/{each}") for each in descriptors]
    kinds = ["pipe" if kind.startswith("pipe:") else kind for kind in kinds]
    print(" ".join([text.decode().replace("\\n", "|"), *kinds]), flush=True)
    for each in descriptors: os.close(each)
`;

/** Starts what listens as a service manager does. @returns what is said to it, with the kinds of descriptors */
async function startManager(socket: string): Promise<readonly string[]> {
  manager = spawn('python3', ['-c', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const messages: string[] = [];
  await new Promise((resolve) => {
    if (manager?.stdout) createInterface({ input: manager.stdout }).once('line', resolve).on('line', onLine);
  });
  function onLine(line: string): void {
    if (line !== 'ready') messages.push(line);
  }
  return messages;
}

/** What a process is told that was given a descriptor as the last of several. */
function handingOver(descriptor: number, manager: string): NodeJS.ProcessEnv {
  const names = [...Array.from({ length: descriptor - 3 }, () => 'other'), 'bowline-gate'];
  return {
    LISTEN_PID: String(process.pid),
    LISTEN_FDS: String(names.length),
    LISTEN_FDNAMES: names.join(':'),
    NOTIFY_SOCKET: manager,
  };
}

function logTo(lines: string[]): ReturnType<typeof createLog> {
  return createLog('debug', (line) => lines.push(line));
}

/** How many descriptors of groups this process has. */
function openGroups(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[fanotify]';
    } catch {
      // The one by which the folder was read.
      return false;
    }
  }).length;
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  expect(child.exitCode).toBe(0);
}
