import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;

/** The layer table of docs/architecture.md, written a second time on purpose: two hands must agree. */
const LAYERS: Record<string, readonly string[]> = {
  'src-shared': [],
  'src-engine': ['src-shared/model', 'src-shared/util'],
  'src-pairing': ['src-shared/model', 'src-shared/util'],
  'src-native/lib': [],
  'src-platform': ['src-shared', 'src-native/lib'],
  'src-control': ['src-shared'],
  'src-driver': ['src-shared', 'src-engine', 'src-platform'],
  'src-daemon': ['src-shared', 'src-engine', 'src-pairing', 'src-platform', 'src-driver', 'src-control'],
  'src-box': ['src-shared', 'src-engine', 'src-pairing', 'src-platform', 'src-driver', 'src-control'],
  'src-web-ui': ['src-shared', 'src-control'],
  'src-cli': ['src-shared', 'src-control', 'src-web-ui'],
  'src-renderer': ['src-shared'],
  'src-main': ['src-shared', 'src-control'],
  'src-main/preload': ['src-shared'],
};

/** What a layer might reach for: a file of every other layer, of shared's inner folders, and of the tests. */
const TARGETS = [
  ...Object.keys(LAYERS),
  'src-shared/model',
  'src-shared/util',
  'src-shared/view',
  'test/support',
];

const NODE_MODULES: Record<string, readonly string[]> = {
  'src-shared': [],
  'src-engine': [],
  'src-engine/crypto': ['crypto'],
  'src-pairing': [],
  'src-native/lib': ['crypto', 'net', 'os', 'worker_threads'],
  'src-platform': ['crypto', 'net', 'os', 'worker_threads'],
  'src-control': ['net'],
  'src-driver': ['crypto', 'net', 'os', 'worker_threads'],
  'src-daemon': ['crypto', 'net', 'os', 'worker_threads'],
  'src-box': ['crypto', 'net', 'os', 'worker_threads'],
  'src-web-ui': ['crypto', 'net', 'os', 'worker_threads'],
  'src-cli': ['crypto', 'net', 'os', 'worker_threads'],
  'src-renderer': [],
  'src-main': ['crypto', 'net', 'os', 'worker_threads'],
  'src-main/preload': [],
};

const MAY_USE_ZOD = [
  'src-shared',
  'src-platform',
  'src-control',
  'src-daemon',
  'src-box',
  'src-web-ui',
  'src-cli',
  'src-main',
];

describe('the layer rule', () => {
  let tree: FixtureTree;
  beforeAll(() => {
    tree = new FixtureTree();
  });
  afterAll(() => {
    tree.remove();
  });

  it('allows exactly the imports between layers that the table names', async () => {
    const expected: string[] = [];
    for (const [layer, mayImport] of Object.entries(LAYERS)) {
      for (const target of TARGETS) {
        const file = tree.write(`${layer}/uses-${target.replaceAll('/', '-')}.ts`, [
          relativeImport(layer, `${target}/thing.ts`),
        ]);
        const isAllowed = [layer, ...mayImport].some((folder) => isInside(target, folder));
        if (!isAllowed) expected.push(`${file} -> ${target}/thing.ts`);
      }
    }
    for (const target of TARGETS) tree.write(`${target}/thing.ts`, []);

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('counts an import of a type as an import', async () => {
    tree.write('src-driver/thing.ts', []);
    tree.write('src-engine/wire/types.ts', [`import type { thing } from '../../src-driver/thing.ts';`]);

    expect(await tree.violations()).toEqual(['src-engine/wire/types.ts -> src-driver/thing.ts']);
  });

  it('counts a dynamic import as an import', async () => {
    tree.write('src-daemon/thing.ts', []);
    tree.write('src-cli/lazy.ts', [`export const later = () => import('../src-daemon/thing.ts');`]);

    expect(await tree.violations()).toEqual(['src-cli/lazy.ts -> src-daemon/thing.ts']);
  });

  it('allows exactly the modules of Node that the table names', async () => {
    const expected: string[] = [];
    for (const [folder, allowed] of Object.entries(NODE_MODULES)) {
      for (const name of ['crypto', 'net', 'os', 'worker_threads']) {
        const file = tree.write(`${folder}/uses-${name}.ts`, [`import * as thing from 'node:${name}';`]);
        if (!allowed.includes(name)) expected.push(`${file} -> ${name}`);
      }
    }

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('lets only src-platform/exec.ts start other programs', async () => {
    const line = `import * as thing from 'node:child_process';`;
    tree.write('src-platform/exec.ts', [line]);
    tree.write('src-platform/routes/routes.ts', [line]);
    tree.write('src-daemon/daemon.ts', [line]);

    expect(await tree.violations()).toEqual([
      'src-daemon/daemon.ts -> child_process',
      'src-platform/routes/routes.ts -> child_process',
    ]);
  });

  it('allows zod where input is checked and nowhere else', async () => {
    tree.writePackage('zod');
    const expected: string[] = [];
    for (const layer of Object.keys(LAYERS)) {
      const file = tree.write(`${layer}/parses.ts`, [`import { z } from 'zod';`]);
      if (!MAY_USE_ZOD.includes(layer)) expected.push(`${file} -> node_modules/zod/index.js`);
    }

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('allows the primitives of pairing there and nowhere else', async () => {
    tree.writePackage('@noble/curves');
    const expected: string[] = [];
    for (const layer of Object.keys(LAYERS)) {
      const file = tree.write(`${layer}/multiplies.ts`, [`import { curve } from '@noble/curves';`]);
      if (layer !== 'src-pairing') expected.push(`${file} -> node_modules/@noble/curves/index.js`);
    }

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('lets the command line start the browser, and reach no more of the platform', async () => {
    tree.write('src-platform/exec.ts', []);
    tree.write('src-platform/thing.ts', []);
    tree.write('src-cli/opens.ts', [`import { thing } from '../src-platform/exec.ts';`]);
    tree.write('src-cli/reaches.ts', [`import { thing } from '../src-platform/thing.ts';`]);

    expect(await tree.violations()).toEqual(['src-cli/reaches.ts -> src-platform/thing.ts']);
  });

  it('allows the packages of the window in the window alone', async () => {
    tree.writePackage('react');
    const expected = Object.keys(LAYERS)
      .map((layer) => ({
        layer,
        file: tree.write(`${layer}/draws.tsx`, [`import * as react from 'react';`]),
      }))
      .filter(({ layer }) => layer !== 'src-renderer')
      .map(({ file }) => `${file} -> node_modules/react/index.js`);

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('refuses a package that nobody has reviewed', async () => {
    tree.writePackage('left-pad');
    const expected = Object.keys(LAYERS).map((layer) => {
      const file = tree.write(`${layer}/pads.ts`, [`import { pad } from 'left-pad';`]);
      return `${file} -> node_modules/left-pad/index.js`;
    });

    expect(await tree.violations()).toEqual(expected.sort());
  });

  it('refuses a cycle inside one layer', async () => {
    tree.write('src-engine/path/one.ts', [`import { two } from './two.ts';`]);
    tree.write('src-engine/path/two.ts', [`import { one } from './one.ts';`]);

    expect(await tree.violations()).toEqual(['src-engine/path/one.ts -> src-engine/path/two.ts']);
  });

  it('refuses an import of a file that does not exist', async () => {
    tree.write('src-box/box.ts', [`import { gone } from './gone.ts';`]);

    expect(await tree.violations()).toEqual(['src-box/box.ts -> ./gone.ts']);
  });
});

describe('the folders of the layer rule', () => {
  it.each(Object.keys(LAYERS))('%s exists and holds source', (folder) => {
    expect(typescriptFiles(join(PROJECT_DIR, folder))).not.toEqual([]);
  });

  it('are all the source folders there are', () => {
    const present = readdirSync(PROJECT_DIR)
      .filter((name) => name.startsWith('src-') && typescriptFiles(join(PROJECT_DIR, name)).length > 0)
      .sort();
    const named = new Set(Object.keys(LAYERS).map((layer) => layer.split('/')[0]!));
    expect(present).toEqual([...named].sort());
  });

  it('have no index.ts below their top, since a barrel hides who needs what', () => {
    const barrels = Object.keys(LAYERS)
      .flatMap((layer) => typescriptFiles(join(PROJECT_DIR, layer)).map((file) => `${layer}/${file}`))
      .filter((file) => file.endsWith('/index.ts') && !Object.hasOwn(LAYERS, dirname(file)));
    expect(barrels).toEqual([]);
  });
});

/** A throw-away source tree that the project's own rule file is applied to. */
class FixtureTree {
  readonly #dir = mkdtempSync(join(tmpdir(), 'bowline-layers-'));

  write(file: string, imports: readonly string[]): string {
    const path = join(this.#dir, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, [...imports, 'export const thing = 1;', ''].join('\n'));
    return file;
  }

  writePackage(name: string): void {
    const dir = join(this.#dir, 'node_modules', name);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    writeFileSync(join(dir, 'index.js'), '');
  }

  /** What the rule refuses, as `from -> to`; the tree is empty again afterwards. */
  async violations(): Promise<string[]> {
    const rules = createRequire(import.meta.url)(
      join(PROJECT_DIR, '.dependency-cruiser.cjs'),
    ) as IConfiguration;
    const folders = readdirSync(this.#dir).filter((name) => name !== 'node_modules');
    const { output } = await cruise(folders, {
      ...rules.options,
      baseDir: this.#dir,
      validate: true,
      ruleSet: { forbidden: rules.forbidden ?? [] },
    });
    for (const name of readdirSync(this.#dir)) rmSync(join(this.#dir, name), { recursive: true });
    const found = (output as ICruiseResult).summary.violations.map(({ from, to }) => `${from} -> ${to}`);
    return [...new Set(found)].sort();
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }
}

function relativeImport(layer: string, file: string): string {
  return `import { thing } from '${'../'.repeat(layer.split('/').length)}${file}';`;
}

function isInside(folder: string, parent: string): boolean {
  return folder === parent || folder.startsWith(`${parent}/`);
}

function typescriptFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}
