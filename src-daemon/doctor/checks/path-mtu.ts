import { BASE_DATAGRAM_BYTES } from '../../../src-engine/path/mtu-discovery.ts';
import { type Check, fine, type Subject, unseen, warning } from '../check.ts';

/** Tells for each link what it says it carries, and what was found to arrive. */
export function pathMtuCheck(subject: Pick<Subject, 'status' | 'links'>): Check {
  return {
    name: 'path-mtu',
    look: () => {
      const measured = subject.status().links.flatMap((link) => {
        const mtuBytes = subject.links.find(({ name }) => name === link.name)?.mtuBytes;
        if (link.datagramBytes === null || mtuBytes === undefined) return [];
        const headBytes = link.address?.includes(':') === true ? 48 : 28;
        return [{ name: link.name, mtuBytes, headBytes, packetBytes: link.datagramBytes + headBytes }];
      });
      if (measured.length === 0) return unseen('no path has been measured');
      const seen = measured
        .map(({ name, mtuBytes, packetBytes }) => `${name} ${packetBytes} of ${mtuBytes} bytes`)
        .join(', ');
      const narrow = measured.filter(
        ({ headBytes, mtuBytes, packetBytes }) =>
          packetBytes <= BASE_DATAGRAM_BYTES + headBytes && mtuBytes > packetBytes + SLACK_BYTES,
      );
      if (narrow.length === 0) return fine(seen);
      const names = narrow.map(({ name }) => name).join(', ');
      return warning(
        `${seen}: larger packets vanish between ${names} and the box`,
        'look for a switch or access point on the way with a smaller MTU, or with jumbo frames on one side only',
      );
    },
  };
}

/** Less than this between the two is a header of some tunnel underneath, and worth no word. */
const SLACK_BYTES = 80;
