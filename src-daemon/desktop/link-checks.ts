import { en } from '../../src-shared/i18n/en.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { LinkTrouble } from '../../src-shared/model/link.ts';
import { type Check, fine, unseen, warning } from '../doctor/check.ts';

/** One check for each thing that may be wrong with connected links: a login, a network that isolates, a dozing radio. */
export function linkTroubleChecks(status: () => DaemonStatus): readonly Check[] {
  return GROUPS.map(({ name, troubles, allWell }) => ({
    name,
    look: () => {
      const { links, state } = status();
      if (state === 'off') return unseen('protection is off');
      const found = links.flatMap((link) =>
        link.trouble !== null && troubles.includes(link.trouble) ? [{ ...link, trouble: link.trouble }] : [],
      );
      if (found.length === 0) return fine(allWell);
      const sentences = found.map(({ name: link, trouble }) => `${link}: ${partsOf(trouble)[0]}`);
      return warning(sentences.join('; '), partsOf(found[0]!.trouble)[1] ?? null);
    },
  }));
}

/** What was seen, and what helps. */
function partsOf(trouble: LinkTrouble): readonly [string, ...string[]] {
  const [seen = '', ...rest] = en.linkTrouble[trouble].split('; ');
  return [seen, ...rest];
}

interface Group {
  readonly name: Check['name'];
  readonly troubles: readonly LinkTrouble[];
  readonly allWell: string;
}

const GROUPS: readonly Group[] = [
  {
    name: 'portal',
    troubles: ['portal'],
    allWell: 'no link is known to want a login',
  },
  {
    name: 'isolation',
    troubles: ['isolated', 'box-blocked', 'other-network'],
    allWell: 'every connected link finds the box, or none does',
  },
  {
    name: 'power-save',
    troubles: ['power-save'],
    allWell: 'no radio is known to doze',
  },
];
