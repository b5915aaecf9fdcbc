import { type Check, fine, type Subject, unseen, usedLinks, warning } from '../check.ts';
import { applyOrThrow } from './reverse-path-filter.ts';

/** Two links in one network: each has to answer and ask for its own address only. */
export function arpCheck(subject: Pick<Subject, 'links' | 'sysctls' | 'status'>): Check {
  return {
    name: 'arp',
    look: () => {
      const links = usedLinks(subject).filter(({ up }) => up);
      if (links.length === 0) return unseen('no link is up');
      const values = links.map(({ name }) => ({
        name,
        ignore: effectiveValue(subject, name, 'arp_ignore'),
        announce: effectiveValue(subject, name, 'arp_announce'),
      }));
      const seen = values
        .map(({ name, ignore, announce }) => `${name} arp_ignore ${ignore}, arp_announce ${announce}`)
        .join('; ');
      const open = values.filter(({ ignore, announce }) => ignore === 0 || announce < 2);
      if (open.length === 0) return fine(seen);
      if (subject.status().state === 'off') return unseen(`${seen}; set when protection is on`);
      const settings = open
        .map(({ name }) => `net.ipv4.conf.${name}.arp_ignore=1 net.ipv4.conf.${name}.arp_announce=2`)
        .join(' ');
      return warning(seen, `sysctl -w ${settings}`, async () => {
        for (const { name } of open) await applyOrThrow(subject, name);
      });
    },
  };
}

/** For these settings the kernel uses the larger of the link's value and that of all links. */
function effectiveValue({ sysctls }: Pick<Subject, 'sysctls'>, link: string, setting: string): number {
  return Math.max(
    ...[link, 'all'].map((name) => Number(sysctls.read(`net/ipv4/conf/${name}/${setting}`) ?? 0)),
  );
}
