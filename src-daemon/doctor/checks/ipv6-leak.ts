import { lookUpWayOut } from '../../../src-platform/index.ts';
import { TUNNEL_NAME } from '../../tunnel.ts';
import { broken, type Check, fine, type Subject, unseen } from '../check.ts';

/** With the tunnel up, IPv6 must not leave beside it. */
export function ipv6LeakCheck(subject: Pick<Subject, 'status' | 'exec' | 'sysctls'>): Check {
  return {
    name: 'ipv6-leak',
    look: async () => {
      if (subject.status().state !== 'protected')
        return unseen('without a tunnel, IPv6 leaves as it would without Bowline');
      const way = await lookUpWayOut(subject.exec, 6);
      if (way.kind === 'none') return fine('this laptop has no way into the internet by IPv6');
      if (way.kind === 'refused') return fine('the tunnel carries no IPv6, so programs are refused at once');
      if (way.device === TUNNEL_NAME) return fine('IPv6 goes through the tunnel');
      const isDisabled = subject.sysctls.read(`net/ipv6/conf/${TUNNEL_NAME}/disable_ipv6`) === '1';
      return broken(
        `IPv6 leaves over ${way.device} beside the tunnel`,
        isDisabled
          ? `sysctl -w net.ipv6.conf.${TUNNEL_NAME}.disable_ipv6=0`
          : 'see other-rules for what comes first; bowline off and on sets our rules again',
      );
    },
  };
}
