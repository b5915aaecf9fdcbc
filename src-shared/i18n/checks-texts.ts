import { checksDe } from './checks-de.ts';
import { checksEn, type CheckTopic } from './checks-en.ts';
import type { Language } from './wording.ts';

/** Tells what a check is about in a language; null for one that this version does not know. */
export function checkTextsOf(
  name: string,
  language: Language,
): { readonly title: string; readonly explanation: string } | null {
  const topic = name.startsWith('link-') ? 'link' : name;
  const texts = language === 'de' ? checksDe : checksEn;
  return topic in texts ? texts[topic as CheckTopic] : null;
}
