import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const TOKENS = readFileSync(new URL('../../../src-renderer/styles/tokens.css', import.meta.url), 'utf8');

/** What text and signs stand on, and what they have to reach there (WCAG 2.2 AA). */
const TEXT = 4.5;
const SIGN = 3;
const SURFACES = ['page', 'card', 'sunken', 'neutral-soft'];
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...SURFACES.flatMap((surface) => [
    ['text', surface, TEXT] as const,
    ['muted', surface, TEXT] as const,
    ['focus', surface, SIGN] as const,
  ]),
  ...['good-soft', 'warning-soft', 'problem-soft'].flatMap((surface) => [
    ['text', surface, TEXT] as const,
    ['muted', surface, TEXT] as const,
  ]),
  ...['page', 'card', 'good-soft'].map((surface) => ['good', surface, TEXT] as const),
  ...['page', 'card', 'warning-soft'].map((surface) => ['warning', surface, TEXT] as const),
  ...['page', 'card', 'problem-soft'].map((surface) => ['problem', surface, TEXT] as const),
  ['on-good', 'good', TEXT],
  ['on-problem', 'problem', TEXT],
  ...['page', 'card'].map((surface) => ['control-line', surface, SIGN] as const),
  // The thumb of the switch while it is off, and its glyph.
  ['control-line', 'sunken', SIGN],
  ['card', 'control-line', SIGN],
  ...[1, 2, 3, 4, 5, 6].map((place) => [`link-${place}`, 'card', SIGN] as const),
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const tokens = tokensOf(theme);

  it.each(PAIRS)('%s is told from %s by a ratio of at least %d', (front, back, least) => {
    expect(contrast(tokens.get(front)!, tokens.get(back)!)).toBeGreaterThanOrEqual(least);
  });
});

describe('the tokens', () => {
  it('have one dark colour for each light one', () => {
    expect([...colours(darkBlock()).keys()].sort()).toEqual([...tokensOf('light').keys()].sort());
  });

  it('give way to system colours where those are forced', () => {
    const forced = blockAfter('@media (forced-colors: active)');
    const own = [...tokensOf('light').keys()].filter((name) => !forced.includes(`--${name}:`));
    expect(own).toEqual([]);
  });
});

function tokensOf(theme: 'light' | 'dark'): Map<string, string> {
  const light = colours(TOKENS.slice(0, TOKENS.indexOf('@media')));
  return theme === 'light' ? light : new Map([...light, ...colours(darkBlock())]);
}

function darkBlock(): string {
  return blockAfter('@media (prefers-color-scheme: dark)');
}

function blockAfter(head: string): string {
  const start = TOKENS.indexOf(head);
  return TOKENS.slice(start, TOKENS.indexOf('\n}\n', start));
}

function colours(css: string): Map<string, string> {
  return new Map([...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
