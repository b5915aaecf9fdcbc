import { de } from './de.ts';
import { en } from './en.ts';
import { createFormat, englishFormat, type Format } from './format.ts';
import type { Texts } from './texts.ts';

/** The languages that all texts exist in. */
export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One language: the texts of a status, and how numbers are written. */
export interface Wording {
  readonly language: Language;
  readonly texts: Texts<typeof en>;
  readonly format: Format;
}

export const ENGLISH: Wording = { language: 'en', texts: en, format: englishFormat };

export const GERMAN: Wording = { language: 'de', texts: de, format: createFormat('de') };

/** Tells the wording of a language. */
export function wordingOf(language: Language): Wording {
  return language === 'de' ? GERMAN : ENGLISH;
}

/**
 * Chooses the language of a front end.
 *
 * @param choice the user's
 * @param systemLanguages what the desktop prefers, best first, such as `de-AT` or `de_AT.UTF-8`
 */
export function chooseLanguage(choice: Language | 'system', systemLanguages: readonly string[]): Language {
  if (choice !== 'system') return choice;
  for (const tag of systemLanguages) {
    const primary = tag.toLowerCase().split(/[-_.@]/)[0];
    const known = LANGUAGES.find((language) => language === primary);
    if (known !== undefined) return known;
  }
  return 'en';
}
