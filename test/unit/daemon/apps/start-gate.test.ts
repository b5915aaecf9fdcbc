import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgramRule } from '../../../../src-daemon/apps/compile-rules.ts';
import { StartGate } from '../../../../src-daemon/apps/start-gate.ts';
import { findProgram } from '../../../../src-platform/apps/program-files.ts';
import { createLog } from '../../../../src-platform/log.ts';
import type { NativeExecGate } from '../../../../src-platform/native.ts';

const RULE: ProgramRule = { id: '1', action: 'direct', order: 0 };

let dir: string;
let program: string;
let kernel: FakeExecGate;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-gate-'));
  program = join(dir, 'program');
  writeFileSync(program, 'first');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('the gate', () => {
  it('holds the programs of rules while they are moved, and never those that the daemon starts itself', async () => {
    let move: (() => void) | null = null;
    const moved: [number, string][] = [];
    const gate = gateWith((pid, { id }) => {
      moved.push([pid, id]);
      return new Promise((resolve) => (move = resolve));
    });
    const other = { ...RULE, id: '2' };
    gate.follow(
      new Map([
        [program, RULE],
        [findProgram('ip') ?? '', other],
      ]),
    );
    expect(kernel.held).toEqual([program]);

    kernel.wait(7, program);
    expect([moved, kernel.allowed]).toEqual([[[7, '1']], []]);
    (move as (() => void) | null)?.();
    await expect.poll(() => kernel.allowed).toEqual([1]);
  });

  it('holds nobody without a rule, and then the programs of the next one: whoever may not open a gate has no second', async () => {
    const gate = gateWith(() => Promise.resolve());
    gate.follow(new Map([[program, RULE]]));
    gate.follow(new Map());
    expect(kernel.held).toEqual([]);
    // Who was about to start in that moment goes on.
    kernel.wait(7, program);
    await expect.poll(() => kernel.allowed).toEqual([1]);
    gate.follow(new Map([[program, RULE]]));
    expect([kernel.opened, kernel.held]).toEqual([1, [program]]);
  });

  it('holds the new file of a program after an update, and one that was installed after its rule', () => {
    const gate = gateWith(() => Promise.resolve());
    const late = join(dir, 'late');
    gate.follow(
      new Map([
        [program, RULE],
        [late, RULE],
      ]),
    );
    expect(kernel.held).toEqual([program]);
    rmSync(program);
    for (const path of [program, late]) writeFileSync(path, 'second');
    gate.renew({ ...RULE, id: '2' });
    expect(kernel.held).toEqual([program]);
    gate.renew(RULE);
    expect(kernel.held).toEqual([program, program, late]);
  });
});

describe('a start gate that may not be opened', () => {
  it('says why, asks once, and holds nobody', () => {
    let asked = 0;
    const lines: string[] = [];
    const ExecGate = function () {
      asked++;
      throw Object.assign(new Error('fanotify_init: operation not permitted'), { code: 'EPERM' });
    } as unknown as new () => NativeExecGate;
    const gate = new StartGate(
      { ExecGate },
      createLog('warn', (line) => lines.push(line)),
      () => Promise.resolve(),
    );
    expect(gate.refusal).toBeNull();
    gate.follow(new Map([[program, RULE]]));
    gate.follow(new Map([[program, RULE]]));
    expect(gate.refusal).toBe('fanotify_init: operation not permitted');
    expect(gate.isOpen).toBe(false);
    expect(asked).toBe(1);
    expect(lines).toEqual([expect.stringContaining('programs-not-held')]);
  });
});

function gateWith(onStart: (pid: number, rule: ProgramRule) => Promise<void>): StartGate {
  kernel = new FakeExecGate();
  const native = {
    ExecGate: function () {
      kernel.opened++;
      return kernel;
    } as unknown as new () => NativeExecGate,
  };
  return new StartGate(
    native,
    createLog('error', () => undefined),
    onStart,
  );
}

class FakeExecGate implements NativeExecGate {
  readonly held: string[] = [];
  readonly allowed: number[] = [];
  readonly descriptor = 3;
  opened = 0;
  #onReadable: (() => void) | null = null;
  readonly #waiting: number[] = [];

  /** Lets a process begin to become a program. */
  wait(pid: number, path: string): void {
    const { dev, ino } = statSync(path);
    this.#waiting.push(pid, dev, ino, 1);
    this.#onReadable?.();
  }

  add(path: string): void {
    this.held.push(path);
  }

  remove(path: string): void {
    this.held.splice(this.held.indexOf(path), 1);
  }

  startPolling(onReadable: () => void): void {
    this.#onReadable = onReadable;
  }

  read(): number[] {
    return this.#waiting.splice(0);
  }

  allow(ticket: number): void {
    this.allowed.push(ticket);
  }

  clear(): void {
    this.held.length = 0;
  }

  close(): void {
    throw new Error('there is no second gate');
  }
}
