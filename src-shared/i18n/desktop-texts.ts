import { desktopDe } from './desktop-de.ts';
import { desktopEn } from './desktop-en.ts';
import type { Texts } from './texts.ts';
import { wordingOf, type Language, type Wording } from './wording.ts';

/** Every text of tray, notifications and dialogs in one language. */
export type DesktopTexts = Texts<typeof desktopEn>;

/** One language of the app: its own texts beside those of a status. */
export interface DesktopWording extends Wording {
  readonly desktop: DesktopTexts;
}

/** Tells the app's wording of a language. */
export function desktopWordingOf(language: Language): DesktopWording {
  return { ...wordingOf(language), desktop: language === 'de' ? desktopDe : desktopEn };
}
