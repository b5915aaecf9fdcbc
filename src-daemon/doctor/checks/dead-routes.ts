import { listDefaultRoutes } from '../../../src-platform/index.ts';
import { type Check, fine, type Subject, usedLinks, warning } from '../check.ts';

/**
 * The tunnel's own sockets do not care, since each is bound to its link. What goes beside the tunnel does: until a
 * network manager takes the routes of a pulled cable away, the kernel sends into it.
 */
export function deadRoutesCheck(subject: Pick<Subject, 'links' | 'sysctls' | 'exec'>): Check {
  return {
    name: 'dead-routes',
    look: async () => {
      const routes = (
        await Promise.all(([4, 6] as const).map((family) => listDefaultRoutes(subject.exec, family)))
      ).flat();
      const names = usedLinks(subject).map(({ name }) => name);
      const dead = names.filter((name) => routes.some(({ device, isDead }) => device === name && isDead));
      const unguarded = dead.filter((name) =>
        settingsOf(name).some((path) => subject.sysctls.read(path) === '0'),
      );
      if (unguarded.length === 0) {
        return fine(
          dead.length === 0
            ? 'no default route leads over a link without carrier'
            : `the default route over ${dead.join(', ')} (no carrier) is passed over`,
        );
      }
      const settings = unguarded.flatMap(settingsOf);
      return warning(
        `a default route leads over ${unguarded.join(', ')}, which has no carrier`,
        `sysctl -w ${settings.map((path) => `${path.replaceAll('/', '.')}=1`).join(' ')}`,
        () => subject.sysctls.apply(settings.map((path) => ({ path, value: '1' }))),
      );
    },
  };
}

function settingsOf(link: string): readonly string[] {
  return (['ipv4', 'ipv6'] as const).map(
    (family) => `net/${family}/conf/${link}/ignore_routes_with_linkdown`,
  );
}
