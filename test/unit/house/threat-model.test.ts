import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECT_DIR = resolve(import.meta.dirname, '../../..');
const REFERENCE = /^`([\w/.-]+\.test\.ts)`: (.+)$/;

/** A row of one of the tables: what it claims, and the text that names tests. */
interface Claim {
  readonly attempt: string;
  readonly tests: string;
}

const CLAIMS = claimsIn(readFileSync(join(PROJECT_DIR, 'docs/threat-model.md'), 'utf8'));

describe('the threat model', () => {
  it('has claims in all of its tables', () => {
    expect(CLAIMS.length).toBeGreaterThan(50);
  });

  it.each(CLAIMS)('names tests that exist: $attempt', ({ tests }) => {
    expect(missingTests(tests)).toEqual([]);
  });

  it('would not pass with a file or a title that does not exist, or with no test at all', () => {
    const own = 'unit/house/threat-model.test.ts';
    expect([
      missingTests(`\`${own}\`: names tests that exist`),
      missingTests(`\`unit/house/none.test.ts\`: names tests that exist; \`${own}\`: ${'no such '}title`),
      missingTests('by inspection'),
    ]).toEqual([
      [],
      ['`unit/house/none.test.ts`: names tests that exist', `\`${own}\`: ${'no such '}title`],
      ['by inspection'],
    ]);
  });
});

function claimsIn(text: string): readonly Claim[] {
  return text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    // Beside the three columns, the empty text before the first bar and after the last.
    if (cells.length !== 5 || cells[3] === 'test' || /^-+$/.test(cells[3]!)) return [];
    return [{ attempt: cells[1]!, tests: cells[3]! }];
  });
}

/** The references of a cell that lead nowhere. */
function missingTests(cell: string): readonly string[] {
  return cell.split('; ').filter((reference) => {
    const [, file = '', title = ''] = REFERENCE.exec(reference) ?? [];
    const path = join(PROJECT_DIR, 'test', file);
    return file === '' || !existsSync(path) || !titlesIn(readFileSync(path, 'utf8')).includes(title);
  });
}

/** The source without comments, where titles and the names of cases stand; a reference in prose proves nothing. */
function titlesIn(source: string): string {
  return source.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '');
}
