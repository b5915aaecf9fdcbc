import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECT_DIR = resolve(import.meta.dirname, '../../..');

/** Files that a project of vitest.config.ts runs; `npm test` runs all of those. */
const RUN_BY_NPM_TEST = /^test\/(unit|sim|lab|view|e2e)\/.+\.test\.tsx?$/;

interface Row {
  readonly number: number;
  readonly cells: readonly string[];
}

interface Scenario {
  readonly file: string;
  readonly title: string | null;
}

describe('the table of pitfalls', () => {
  const rows = readRows(readFileSync(join(PROJECT_DIR, 'docs/linux.md'), 'utf8'));

  it('has each number from 1 to 29 once, in order, and no empty cell', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 29 }, (_, index) => index + 1));
    expect(rows.filter(({ cells }) => cells.length !== 4 || cells.includes(''))).toEqual([]);
  });

  it.each(rows.map((row) => [row.number, row] as const))('names for %i what proves it', (_, row) => {
    const proof = row.cells[3] ?? '';
    const scenarios = scenariosIn(proof);
    const checks = checksIn(proof);
    expect(
      scenarios.length + checks.length,
      'a test file, or doctor and the name of a check',
    ).toBeGreaterThan(0);
    expect(scenarios.filter((scenario) => !isRun(scenario))).toEqual([]);
    expect(checks.filter((name) => !doctorSource().includes(`'${name}'`))).toEqual([]);
  });
});

describe('a proof', () => {
  it('is refused when its file, its title or its check does not exist', () => {
    const proof =
      '`test/unit/house/linux-table.test.ts` "a proof", `test/unit/house/gone.test.ts`, ' +
      '`test/unit/house/linux-table.test.ts` "no such ' +
      'title", doctor `no-such-check`';
    expect(scenariosIn(proof).map(isRun)).toEqual([true, false, false]);
    expect(checksIn(proof).map((name) => doctorSource().includes(`'${name}'`))).toEqual([false]);
  });
});

function readRows(text: string): Row[] {
  return [...text.matchAll(/^\| *(\d+) *\|.*\|$/gm)].map(([line, number]) => ({
    number: Number(number),
    cells: line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  }));
}

/** Test files of a cell, each with the title in quotes that follows it, if one does. */
function scenariosIn(proof: string): Scenario[] {
  return [...proof.matchAll(/`(test\/[^`]+)`(?: "([^"]+)")?/g)].map(([, file, title]) => ({
    file: file!,
    title: title ?? null,
  }));
}

function checksIn(proof: string): string[] {
  return [...proof.matchAll(/doctor `([^`]+)`/g)].map(([, name]) => name!);
}

function isRun({ file, title }: Scenario): boolean {
  const path = join(PROJECT_DIR, file);
  if (!RUN_BY_NPM_TEST.test(file) || !existsSync(path)) return false;
  return title === null || readFileSync(path, 'utf8').includes(title);
}

function doctorSource(): string {
  // Checks that look at what a part of the daemon knows are with that part.
  return ['src-daemon/doctor', 'src-daemon/desktop', 'src-daemon/names']
    .map((folder) => join(PROJECT_DIR, folder))
    .flatMap((dir) =>
      readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(dir, name), 'utf8')),
    )
    .join('\n');
}
