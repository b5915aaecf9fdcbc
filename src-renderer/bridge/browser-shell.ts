import type { CableControl, LanguageChoice, Preferences, Shell } from '../../src-shared/bridge/bridge.ts';
import { LANGUAGES } from '../../src-shared/i18n/wording.ts';
import { ok } from '../../src-shared/util/result.ts';

/** Where the browser keeps what the user chose. */
const LANGUAGE_ITEM = 'bowline-language';

/** The program around the window where that is a browser: it keeps the language and can do nothing on the system. */
export function browserShell(
  version: string,
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  cables: CableControl,
): Shell {
  let preferences: Preferences = { language: readLanguage(storage), startsAtLogin: null };
  return {
    kind: 'browser',
    version,
    preferences,
    setPreferences: ({ language }) => {
      if (language !== undefined) {
        storage.setItem(LANGUAGE_ITEM, language);
        preferences = { ...preferences, language };
      }
      return Promise.resolve(ok(preferences));
    },
    fixService: null,
    readLinkMedia: null,
    cables,
  };
}

function readLanguage(storage: Pick<Storage, 'getItem'>): LanguageChoice {
  const stored = storage.getItem(LANGUAGE_ITEM);
  return LANGUAGES.find((language) => language === stored) ?? 'system';
}
