import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BOWLINE_USER } from './desktop/accounts.ts';
import { doctorCheck } from './desktop/doctor-check.ts';
import { BUS_PROGRAM, MessageBus } from './desktop/message-bus.ts';
import { DNSMASQ_PROGRAM, HOME_RESOLVER, NameServer, setResolvConf } from './desktop/name-server.ts';
import { HAS_POLKIT, PolkitService } from './desktop/polkit-service.ts';
import { RESOLVED_PROGRAM, ResolvedService } from './desktop/resolved-service.ts';
import { inHome } from './scene.ts';
import { asUser, capabilitiesOf } from './service-rights.ts';

const CAN_RUN =
  HAS_POLKIT && existsSync(DNSMASQ_PROGRAM) && existsSync(BUS_PROGRAM) && RESOLVED_PROGRAM !== null;

describe.skipIf(!CAN_RUN)('names, with the rights of the service (needs dnsmasq-base, dbus, polkitd)', () => {
  it('go through the tunnel by the rule for polkit that packages bring; without it the doctor says what to do', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, '127.0.0.53');
      const bus = await MessageBus.start(scene);
      const resolved = await ResolvedService.start(scene, bus);
      for (const link of ['eth0', 'wlan0']) await resolved.configure(link, [HOME_RESOLVER], []);
      await NameServer.start(scene, 'router');
      const withoutRule = await PolkitService.start(scene, bus, false);
      const through = (unit: string): readonly string[] =>
        asUser(BOWLINE_USER.id, scene.home.tempDir, capabilitiesOf(unit));
      const tunnel = await scene.tunnel({
        laptop: { through: [...bus.environment, ...through('bowlined')] },
        box: { through: through('bowline-box') },
      });
      const refused = await scene.until('a refusal', async () => {
        const check = await doctorCheck(tunnel, 'names');
        return check?.evidence?.includes('refused') === true ? check : null;
      });
      expect(refused).toMatchObject({ verdict: 'warning' });
      expect(refused.fix).toContain('50-bowline.rules');
      expect(await resolved.serversOf('bowline0')).toEqual([]);

      await withoutRule[Symbol.asyncDispose]();
      await PolkitService.start(scene, bus, true);
      await scene.until(
        'resolved to be told',
        async () => ((await resolved.serversOf('bowline0')).join() === HOME_RESOLVER ? true : null),
        40_000,
      );
      expect(await doctorCheck(tunnel, 'names')).toMatchObject({ verdict: 'ok' });
      await tunnel.laptop.stop();
      expect(await resolved.foreignServers(['eth0', 'wlan0'])).toBe('');
    });
  });
});
