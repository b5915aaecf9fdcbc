import { listDefaultRoutes, listRulesBeforeOurs, lookUpWayOut } from '../../../src-platform/index.ts';
import { TUNNEL_NAME } from '../../tunnel.ts';
import { broken, type Check, fine, type Subject, unseen, warning } from '../check.ts';

/** Tells whether a rule of another program sends traffic past ours. */
export function otherRulesCheck(subject: Pick<Subject, 'status' | 'exec'>): Check {
  return {
    name: 'other-rules',
    look: async () => {
      if (subject.status().state !== 'protected') return unseen('there is no tunnel to lead traffic into');
      const [way, ...rules] = await Promise.all([
        lookUpWayOut(subject.exec, 4),
        listRulesBeforeOurs(subject.exec, 4),
        listRulesBeforeOurs(subject.exec, 6),
      ]);
      const seen = [...new Set(rules.flat().map(({ text }) => text))].join('; ');
      if (way.kind === 'device' && way.device === TUNNEL_NAME)
        return fine(
          seen === '' ? 'no other rule comes before ours' : `traffic enters the tunnel beside ${seen}`,
        );
      const whither = way.kind === 'device' ? `leaves over ${way.device}` : 'finds no way';
      return broken(
        `traffic ${whither} beside the tunnel${seen === '' ? '' : `; before our rules: ${seen}`}`,
        seen === ''
          ? 'bowline off and on sets our rules again'
          : 'switch off the program that made the rule, or let it name only the traffic that it means',
      );
    },
  };
}

/** Tells of other tunnels and of which comes first. */
export function otherTunnelsCheck(subject: Pick<Subject, 'status' | 'exec' | 'links' | 'machine'>): Check {
  return {
    name: 'other-tunnels',
    look: async () => {
      const names = (
        await Promise.all(
          subject.links
            .filter(({ name, up }) => up && name !== TUNNEL_NAME)
            .map(async ({ name }) => ((await isTunnel(name, subject)) ? [name] : [])),
        )
      ).flat();
      if (names.length === 0) return fine('there is no other tunnel');
      const routes = await listDefaultRoutes(subject.exec, 4);
      const rivals = names.filter((name) => routes.some(({ device }) => device === name));
      const isProtected = subject.status().state === 'protected';
      if (rivals.length === 0 || !isProtected)
        return fine(`${names.join(', ')} beside ours, for its own networks`);
      const way = await lookUpWayOut(subject.exec, 4);
      if (way.kind === 'device' && rivals.includes(way.device))
        return fine(`all traffic enters ${way.device}, whose own packets ride in our tunnel`);
      return warning(
        `${rivals.join(', ')} wants all traffic too, and ours comes first`,
        'let the other tunnel carry its own networks only, or run bowline off while it is up',
      );
    },
  };
}

async function isTunnel(name: string, { machine }: Pick<Subject, 'machine'>): Promise<boolean> {
  const dir = `/sys/class/net/${name}`;
  if ((await machine.readText(`${dir}/tun_flags`)) !== null) return true;
  return /^DEVTYPE=wireguard$/m.test((await machine.readText(`${dir}/uevent`)) ?? '');
}
