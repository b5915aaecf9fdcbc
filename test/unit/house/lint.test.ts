import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;

const NAMING = '@typescript-eslint/naming-convention';

const project = new ESLint({ cwd: PROJECT_DIR });

/** The project's own rules without those that need a whole program: the snippets belong to no program. */
const eslint = new ESLint({
  cwd: PROJECT_DIR,
  overrideConfig: [
    { ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] },
    {
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { project: null } },
      // Switched off with the others, but as it is set here it asks for no types.
      rules: { [NAMING]: (await rulesFor('src-daemon/sample.ts'))[NAMING] as Linter.RuleEntry },
    },
  ],
});

describe('the style rule', () => {
  it.each([
    ['the wall clock', 'export const now = Date.now();', 'no-restricted-globals'],
    ['a monotonic clock', 'export const now = performance.now();', 'no-restricted-globals'],
    ['a timer', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    ['a repeated timer', 'setInterval(() => undefined, 1);', 'no-restricted-globals'],
    ['randomness', 'export const dice = Math.random();', 'no-restricted-properties'],
    ['the process', 'export const id = process.pid;', 'no-restricted-globals'],
    ['the console', `console.log('x');`, 'no-restricted-globals'],
    ['a way around by globalThis', 'export const now = globalThis.Date.now();', 'no-restricted-globals'],
    ['a promise', 'export async function later(): Promise<void> {}', 'no-restricted-syntax'],
  ])('refuses %s in the engine and in policy', async (_what, code, rule) => {
    expect(await rulesBroken('src-engine/path/sample.ts', code)).toContain(rule);
    expect(await rulesBroken('src-daemon/roaming/sample.ts', code)).toContain(rule);
  });

  it('lets adapters use clocks and timers', async () => {
    const code = 'export const timer = setTimeout(() => undefined, Date.now());';
    expect(await rulesBroken('src-platform/clock/sample.ts', code)).toEqual([]);
  });

  it('refuses to read the clock in shared code, which may still format a time it was given', async () => {
    const read = 'export const now = new Date();';
    const format = 'export const format = (at: string): string => new Date(at).toISOString();';
    expect(await rulesBroken('src-shared/view/sample.ts', read)).toEqual(['no-restricted-syntax']);
    expect(await rulesBroken('src-shared/view/sample.ts', format)).toEqual([]);
  });

  it('lets only src-platform/exec.ts start other programs', async () => {
    const code = `import { execFile } from 'node:child_process';\nexecFile('true');`;
    expect(await rulesBroken('src-daemon/sample.ts', code)).toEqual(['no-restricted-imports']);
    expect(await rulesBroken('src-platform/exec.ts', code)).toEqual([]);
  });

  it.each([
    ['a default export', 'export default 1;', 'no-restricted-exports'],
    ['a barrel', `export * from './other.ts';`, 'no-restricted-syntax'],
    ['an import without extension', `import { a } from './other';\na();`, 'no-restricted-imports'],
    ['a module of Node without prefix', `import { join } from 'path';\njoin();`, 'no-restricted-imports'],
    ['an any', 'export const a = (b: any): number => Number(b);', '@typescript-eslint/no-explicit-any'],
    ['an empty catch', 'try { String(1); } catch {}', 'no-empty'],
    ['a note to do it later', `// ${'TO'}DO: finish\nexport const a = 1;`, 'no-warning-comments'],
    [
      'an untyped import',
      `import { T } from './t.ts';\nexport const a: T = 1;`,
      '@typescript-eslint/consistent-type-imports',
    ],
    ['a type in lower case', 'export interface path { a: number }', NAMING],
    [
      'a function in snake case',
      'export function read_all(): void {}',
      '@typescript-eslint/naming-convention',
    ],
  ])('refuses %s', async (_what, code, rule) => {
    expect(await rulesBroken('src-daemon/sample.ts', code)).toEqual([rule]);
  });

  it.each([
    ['src-driver/sample.ts', 500],
    ['test/unit/sample.test.ts', 800],
    ['src-daemon/daemon.ts', 350],
    ['src-box/box.ts', 350],
    ['src-engine/engine.ts', 350],
    ['src-cli/main.ts', 350],
  ])('ends %s at %i lines', async (file, limit) => {
    const lines = (count: number) => 'export {};' + '\n//'.repeat(count - 1);
    expect(await rulesBroken(file, lines(limit))).toEqual([]);
    expect(await rulesBroken(file, lines(limit + 1))).toEqual(['max-lines']);
  });
});

describe('the rules that need types', () => {
  it.each([
    '@typescript-eslint/no-floating-promises',
    '@typescript-eslint/no-misused-promises',
    '@typescript-eslint/switch-exhaustiveness-check',
    '@typescript-eslint/no-unsafe-assignment',
  ])('%s is an error in every layer', async (rule) => {
    for (const folder of ['src-shared', 'src-engine', 'src-platform', 'src-daemon', 'src-cli', 'test/unit']) {
      expect((await rulesFor(`${folder}/sample.ts`))[rule]?.[0], folder).toBe(2);
    }
  });
});

async function rulesFor(file: string): Promise<Record<string, [number] | undefined>> {
  const config = (await project.calculateConfigForFile(`${PROJECT_DIR}${file}`)) as {
    rules: Record<string, [number] | undefined>;
  };
  return config.rules;
}

async function rulesBroken(file: string, code: string): Promise<string[]> {
  const results = await eslint.lintText(`${code}\n`, { filePath: `${PROJECT_DIR}${file}` });
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => ruleId ?? message));
}
