import { en } from '../../src-shared/i18n/en.ts';
import { englishFormat } from '../../src-shared/i18n/format.ts';
import type { PortalCheck, WifiPowerSave } from '../../src-shared/model/settings.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Gets ready for the cable to be pulled. */
export async function leave({ client, isJson, print }: CommandContext): Promise<CommandOutcome> {
  const answer = await client.call('connection.leave', {});
  if (!answer.ok) return answer.error;
  const { until } = answer.value;
  const time = englishFormat.exactTime(Date.parse(until));
  print(isJson ? JSON.stringify({ until }) : `${en.readyToLeave}\n${en.readyToLeaveDetail(time)}`);
  return null;
}

/** Says whether radios may save power. */
export async function setWifiPowerSave(
  { client, print }: CommandContext,
  powerSave: WifiPowerSave,
): Promise<CommandOutcome> {
  const answer = await client.call('wifi.setPowerSave', { powerSave });
  if (!answer.ok) return answer.error;
  print(en.wifiPowerSave[powerSave]);
  return null;
}

/** Says whether, and by which page, links are looked at for networks that want a login. */
export async function setPortalCheck(
  { client, print }: CommandContext,
  check: PortalCheck,
): Promise<CommandOutcome> {
  const answer = await client.call('portal.setCheck', { check });
  if (!answer.ok) return answer.error;
  print(en.portalCheck(check));
  return null;
}
