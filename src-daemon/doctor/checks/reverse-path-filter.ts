import { linkSysctls } from '../../../src-platform/index.ts';
import { broken, type Check, fine, type Subject, unseen, usedLinks } from '../check.ts';

/** Strict filtering on a link drops what the box sends over it while the other link has the better route. */
export function reversePathFilterCheck(subject: Pick<Subject, 'links' | 'sysctls' | 'status'>): Check {
  return {
    name: 'reverse-path-filter',
    look: () => {
      const links = usedLinks(subject).filter(({ up }) => up);
      if (links.length === 0) return unseen('no link is up');
      const values = links.map(({ name }) => ({ name, value: effectiveValue(subject, name) }));
      const seen = values.map(({ name, value }) => `${name} ${MEANING[value] ?? value}`).join(', ');
      const strict = values.filter(({ value }) => value === STRICT);
      if (strict.length === 0) return fine(seen);
      if (subject.status().state === 'off') return unseen(`${seen}; set to loose when protection is on`);
      const settings = strict.map(({ name }) => `net.ipv4.conf.${name}.rp_filter=2`).join(' ');
      return broken(`receive blocked by rp_filter: ${seen}`, `sysctl -w ${settings}`, async () => {
        for (const { name } of strict) await applyOrThrow(subject, name);
      });
    },
  };
}

/** Sets what a link needs. @throws Error naming settings that a policy refused. */
export async function applyOrThrow(subject: Pick<Subject, 'sysctls'>, linkName: string): Promise<void> {
  const { refused } = await subject.sysctls.apply(linkSysctls(linkName, subject.sysctls));
  const [first] = refused;
  if (first !== undefined) throw new Error(`the system refuses ${first.path} (${first.errno})`);
}

/** For this setting the kernel uses the larger of the link's value and that of all links. */
function effectiveValue({ sysctls }: Pick<Subject, 'sysctls'>, link: string): number {
  return Math.max(
    ...[link, 'all'].map((name) => Number(sysctls.read(`net/ipv4/conf/${name}/rp_filter`) ?? 0)),
  );
}

const MEANING: readonly string[] = ['off', 'strict', 'loose'];
const STRICT = 1;
