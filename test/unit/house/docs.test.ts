import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECT_DIR = resolve(import.meta.dirname, '../../..');

const DOCUMENTS = [
  ...readdirSync(PROJECT_DIR).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(PROJECT_DIR, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const SCRIPTS = Object.keys(
  (JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { scripts: object }).scripts,
);

describe('the documents', () => {
  it.each([
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'docs/architecture.md',
    'docs/glossary.md',
    'docs/dependencies.md',
    'docs/intended-behavior.md',
  ])('include %s', (document) => {
    expect(DOCUMENTS).toContain(document);
  });

  it.each(DOCUMENTS)('%s links only to files and headings that exist', (document) => {
    const broken = linksOf(document).filter((target) => !isReachable(document, target));
    expect(broken).toEqual([]);
  });

  it.each(DOCUMENTS)('%s names only npm scripts that exist', (document) => {
    const named = [...read(document).matchAll(/\bnpm run ([a-z][a-z-]*)/g)].map((match) => match[1]!);
    expect(named.filter((script) => !SCRIPTS.includes(script))).toEqual([]);
  });

  it('in docs/ are all linked from the README or from one another', () => {
    const linked = new Set(
      DOCUMENTS.flatMap((document) =>
        linksOf(document).map((target) =>
          relative(PROJECT_DIR, resolve(PROJECT_DIR, dirname(document), target.split('#')[0]!)),
        ),
      ),
    );
    expect(DOCUMENTS.filter((document) => document.startsWith('docs/') && !linked.has(document))).toEqual([]);
  });
});

/** Targets of the links inside the project; the web is not asked. */
function linksOf(document: string): string[] {
  const text = read(document).replaceAll(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^(https?|mailto):/.test(target));
}

function isReachable(document: string, target: string): boolean {
  const [file = '', heading] = target.split('#');
  const path = file === '' ? join(PROJECT_DIR, document) : resolve(PROJECT_DIR, dirname(document), file);
  if (!existsSync(path)) return false;
  return heading === undefined || (statSync(path).isFile() && headingsOf(path).includes(heading));
}

function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ +(.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

function read(document: string): string {
  return readFileSync(join(PROJECT_DIR, document), 'utf8');
}
