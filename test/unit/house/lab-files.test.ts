import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MEASURING_FILES } from '../../lab/measuring.ts';

const PROJECT_DIR = resolve(import.meta.dirname, '../../..');

const LAB_FILES = readdirSync(join(PROJECT_DIR, 'test/lab'))
  .filter((name) => name.endsWith('.lab.test.ts'))
  .map((name) => `test/lab/${name}`);

/** Traffic through the tunnel, of which nothing may be lost. */
const TRAFFIC = /\bscene\.traffic\(|\brunRoamingCycle\(/;

describe('the files of the lab that run alone', () => {
  it('exist', () => {
    expect(MEASURING_FILES.filter((file) => !LAB_FILES.includes(file))).toEqual([]);
  });

  it('are among others all that have traffic through the tunnel', () => {
    const measuring = LAB_FILES.filter((file) => TRAFFIC.test(readFileSync(join(PROJECT_DIR, file), 'utf8')));
    expect(measuring.length).toBeGreaterThan(10);
    expect(measuring.filter((file) => !MEASURING_FILES.includes(file))).toEqual([]);
  });
});
