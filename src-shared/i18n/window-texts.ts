import { windowDe } from './window-de.ts';
import { windowEn } from './window-en.ts';
import type { Texts } from './texts.ts';
import type { Language } from './wording.ts';

/** Every text of the window in one language. */
export type WindowTexts = Texts<typeof windowEn>;

/** Tells the window's texts in a language. */
export function windowTextsOf(language: Language): WindowTexts {
  return language === 'de' ? windowDe : windowEn;
}
