import { includesRight } from '../../src-control/index.ts';
import { stored } from '../../src-driver/stored.ts';
import type { DaemonContract, Handlers } from '../../src-shared/control/contract.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';
import type { Settings } from '../../src-shared/model/settings.ts';
import { type Result, err, ok } from '../../src-shared/util/result.ts';
import type { HandledDaemon } from './handled-daemon.ts';
import { ruleHandlers } from '../apps/rule-handlers.ts';
import { leave } from '../desktop/leave.ts';
import { runDoctor } from '../doctor/doctor.ts';
import { type DaemonFiles, subjectOf } from '../doctor/subject.ts';
import { withLinkWish } from '../links/link-wishes.ts';
import { testUnplug } from '../doctor/unplug-test.ts';

/** One entry for each method of the daemon's contract. */
export function daemonHandlers(daemon: HandledDaemon, files: DaemonFiles): Handlers<DaemonContract> {
  return {
    'status.get': () => ok(daemon.status()),
    'connection.setWanted': ({ wanted, now }) => stored(() => daemon.setWanted(wanted, now === true)),
    'connection.leave': () => leave(daemon),
    'wifi.setPowerSave': ({ powerSave }) => stored(() => daemon.changeSettings({ wifiPowerSave: powerSave })),
    'portal.setCheck': ({ check }) => stored(() => daemon.changeSettings({ portalCheck: check })),
    'mode.set': ({ mode }) =>
      stored(async () => {
        await daemon.changeSettings({ mode });
        await daemon.applyWanted();
      }),
    'ipv6.set': ({ access }) =>
      stored(async () => {
        await daemon.changeSettings({ ipv6: access });
        await daemon.onLinks();
      }),
    'links.list': () => ok({ links: daemon.status().links }),
    'link.setPriority': ({ name, priority }) => setLinkWish(daemon, name, { priority }),
    'link.setMetered': ({ name, metered }) => setLinkWish(daemon, name, { metered }),
    'lan.set': ({ access }) =>
      stored(async () => {
        await daemon.changeSettings({ lan: access });
        await daemon.onLinks();
      }),
    'timeline.list': async (query) => ok(await daemon.timeline.list(query)),
    'test.unplug': ({ link, kind }) => testUnplug(daemon, link ?? null, kind),
    'pairing.pair': async ({ box, code }, { right }) => {
      const paired = await daemon.pairings.pair(box, code, includesRight(right, 'configure'));
      if (!paired.ok) return paired;
      const switchedOn = await stored(() => daemon.setWanted(true, false));
      return switchedOn.ok ? ok({ box: paired.value }) : switchedOn;
    },
    'pairing.unpair': () => daemon.pairings.unpair(),
    'boxes.find': ({ timeoutMillis }) => daemon.finder.find(timeoutMillis),
    ...ruleHandlers(daemon.apps),
    'doctor.run': async ({ fix }) => ok({ checks: await runDoctor(subjectOf(daemon, files), fix) }),
  };
}

function setLinkWish(
  daemon: HandledDaemon,
  name: string,
  wish: Partial<Settings['links'][string]>,
): Promise<Result<Record<string, never>, ControlError>> | Result<never, ControlError> {
  const { links } = daemon;
  if (!links.some((link) => link.name === name)) {
    const known = links.map((link) => link.name).join(', ');
    return err(controlError('NO_SUCH_LINK', `there is no link ${name}; there are: ${known}`));
  }
  return stored(async () => {
    await daemon.changeSettings((settings) => withLinkWish(settings, links, name, wish));
    await daemon.onLinks();
  });
}
