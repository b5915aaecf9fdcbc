import type { LinkStatus } from '../../../src-shared/model/link.ts';
import { type Check, type Finding, fine, type Subject, unseen, usedLinks, warning } from '../check.ts';

export function secondLinkCheck(subject: Pick<Subject, 'status'>): Check {
  return {
    name: 'second-link',
    look: () => {
      const { links, state } = subject.status();
      if (state === 'off') return unseen('protection is off');
      const count = links.filter((link) => link.state === 'carrying' || link.state === 'standby').length;
      if (count >= 2) return fine(`${count} links reach the box`);
      return warning(
        `${count} link${count === 1 ? ' reaches' : 's reach'} the box`,
        'connect the other link to the same home network',
      );
    },
  };
}

/** One check for each link that may be used. */
export function linkChecks(subject: Pick<Subject, 'status' | 'links'>): readonly Check[] {
  return usedLinks(subject).map(({ name }) => ({
    name: `link-${name}`,
    look: () => {
      const link = subject.status().links.find((candidate) => candidate.name === name);
      return link === undefined ? unseen(`${name} is gone`) : judge(link, subject.status().state === 'off');
    },
  }));
}

function judge(link: LinkStatus, isOff: boolean): Finding {
  if (isOff) return unseen('not measured while protection is off');
  if (link.state === 'lost')
    return warning(`${link.name} does not reach the box`, 'check the cable or the Wi-Fi network');
  const loss = `${(link.lossRatio * 100).toFixed(1)} % loss`;
  const delay = link.rttMicros === null ? 'delay unknown' : `${(link.rttMicros / 1_000).toFixed(1)} ms`;
  const evidence = `${link.state}, ${delay}, ${loss}`;
  if (link.lossRatio > NOTABLE_LOSS)
    return warning(evidence, 'try another cable or port, or move closer to the access point');
  if ((link.rttMicros ?? 0) > NOTABLE_RTT_MICROS)
    return warning(evidence, 'something else may fill this link; on Wi-Fi, power saving may be on');
  return fine(evidence);
}

/** Below 3 % replay hides loss from programs. */
const NOTABLE_LOSS = 0.03;
/** In a home network, more than this is felt. */
const NOTABLE_RTT_MICROS = 100_000;
