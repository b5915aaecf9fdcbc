import { describe, expect, it } from 'vitest';
import { createFormat } from '../../../src-shared/i18n/format.ts';
import { chooseLanguage, GERMAN } from '../../../src-shared/i18n/wording.ts';
import { desktopDe } from '../../../src-shared/i18n/desktop-de.ts';
import { desktopEn } from '../../../src-shared/i18n/desktop-en.ts';
import { de } from '../../../src-shared/i18n/de.ts';
import { en } from '../../../src-shared/i18n/en.ts';
import { windowDe } from '../../../src-shared/i18n/window-de.ts';
import { windowEn } from '../../../src-shared/i18n/window-en.ts';
import { describeStatus } from '../../../src-shared/view/describe-status.ts';
import { linkStatus, protectedStatus } from '../../support/status.ts';

describe('the language', () => {
  it.each([
    ['de', ['en-GB'], 'de'],
    ['system', ['fr-FR', 'de-AT', 'en'], 'de'],
    ['system', ['en_US.UTF-8'], 'en'],
    ['system', ['fr'], 'en'],
    ['system', [], 'en'],
  ] as const)('of the choice %s on a system with %j is %s', (choice, system, language) => {
    expect(chooseLanguage(choice, system)).toBe(language);
  });

  it('changes every word and number of a status', () => {
    const status = protectedStatus({
      links: [linkStatus('eth0', { state: 'lost' }), linkStatus('wlan0', { state: 'carrying' })],
      carrying: ['wlan0'],
      degraded: [{ kind: 'loss', link: 'wlan0', lossRatio: 0.066 }],
    });
    expect(describeStatus(status, 0, GERMAN)).toEqual({
      headline: 'Geschützt, langsam',
      detail: 'WLAN verliert 6,6\u00a0% der Pakete',
      tone: 'warning',
    });
  });

  it('writes numbers its own way', () => {
    const format = createFormat('de');
    expect([format.duration(8300), format.rate(1.24e9), format.count(12_345)]).toEqual([
      '8,3 ms',
      '1,2 Gbit/s',
      '12.345',
    ]);
  });

  it.each([
    ['a status', en, de],
    ['the window', windowEn, windowDe],
    ['tray, notifications and dialogs', desktopEn, desktopDe],
  ])('has a German text of its own for every English sentence of %s', (_where, english, german) => {
    const untranslated = sentencesOf(english).filter(
      ([path, text]) => hasWords(text) && !SAME.includes(text) && sentenceAt(german, path) === text,
    );
    expect(untranslated).toEqual([]);
  });
});

/** Names that are the same in both languages. */
const SAME = [
  ...['Bowline', 'Box', 'Code', 'Demo', 'English', 'Deutsch', 'Ethernet', 'Signal', 'A dBm'],
  ...['App', 'Apps', 'Flatpak', 'Snap', 'Domain', 'Port', 'TCP', 'UDP', 'IPv6'],
];

/** False for texts that only set marks between their place-holders. */
function hasWords(text: string): boolean {
  return /\p{L}{2}/u.test(text);
}

/** Every text with the path to it; texts with arguments are called with place-holders. */
function sentencesOf(texts: object, path: readonly string[] = []): [readonly string[], string][] {
  return Object.entries(texts).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? sentencesOf(value, [...path, name])
      : [[[...path, name], spoken(value)] as [readonly string[], string]],
  );
}

function sentenceAt(texts: object, path: readonly string[]): string {
  return spoken(path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], texts));
}

function spoken(value: unknown): string {
  return typeof value === 'function'
    ? String((value as (...args: string[]) => string)('A', 'B', 'C'))
    : String(value);
}
