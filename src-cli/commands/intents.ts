import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import type { LanAccess, LinkPriority, MeteredChoice } from '../../src-shared/model/link.ts';
import type { DaemonStatus, Ipv6Access, Mode } from '../../src-shared/model/status.ts';
import { assertNever } from '../../src-shared/util/assert-never.ts';
import { describeStatus } from '../../src-shared/view/describe-status.ts';
import { en } from '../../src-shared/i18n/en.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** A handshake on a LAN takes milliseconds, a lost first datagram about a second; after this the person is told so. */
const SETTLE_TIMEOUT_MS = 5_000;

/** Switches protection on or off, waits until that took effect, and prints how things stand. */
export async function setWanted(
  context: CommandContext,
  wish: { readonly wanted: boolean; readonly now?: boolean },
): Promise<CommandOutcome> {
  const { client, now, print } = context;
  const answer = await client.call('connection.setWanted', wish);
  if (!answer.ok) return answer.error;
  const status = await settledStatus(context, wish.wanted);
  if ('code' in status) return status;
  const { headline, detail } = describeStatus(status, now());
  if (status.state === 'failed') return controlError('NOT_POSSIBLE_NOW', `${headline}: ${detail}`);
  print(`${headline}\n${detail}`);
  return null;
}

/** Says what a link may be used for. */
export async function setLinkPriority(
  { client, print }: CommandContext,
  name: string,
  priority: LinkPriority,
): Promise<CommandOutcome> {
  const answer = await client.call('link.setPriority', { name, priority });
  if (!answer.ok) return answer.error;
  print(`${name}: ${en.linkPriority[priority]}`);
  return null;
}

/** Says where IPv6 goes. */
export async function setIpv6Access(
  { client, print }: CommandContext,
  access: Ipv6Access,
): Promise<CommandOutcome> {
  const answer = await client.call('ipv6.set', { access });
  if (!answer.ok) return answer.error;
  print(en.ipv6[access]);
  return null;
}

/** Says how the links are used together. */
export async function setMode({ client, print }: CommandContext, mode: Mode): Promise<CommandOutcome> {
  const answer = await client.call('mode.set', { mode });
  if (!answer.ok) return answer.error;
  print(en.mode[mode]);
  return null;
}

/** Says whether data over a link costs money. */
export async function setLinkMetered(
  { client, print }: CommandContext,
  name: string,
  metered: MeteredChoice,
): Promise<CommandOutcome> {
  const answer = await client.call('link.setMetered', { name, metered });
  if (!answer.ok) return answer.error;
  print(`${name}: ${en.metered[metered]}`);
  return null;
}

/** Says how hosts of the local network are reached. */
export async function setLanAccess(
  { client, print }: CommandContext,
  access: LanAccess,
): Promise<CommandOutcome> {
  const answer = await client.call('lan.set', { access });
  if (!answer.ok) return answer.error;
  print(en.lan[access]);
  return null;
}

function settledStatus(
  { client, interrupted }: CommandContext,
  wanted: boolean,
): Promise<DaemonStatus | ControlError> {
  return new Promise((resolve) => {
    let last: DaemonStatus | null = null;
    const giveUp = (): void => {
      if (last !== null) finish(last);
    };
    const deadline = setTimeout(giveUp, SETTLE_TIMEOUT_MS);
    const finish = (outcome: DaemonStatus | ControlError): void => {
      clearTimeout(deadline);
      interrupted.removeEventListener('abort', giveUp);
      subscription.stop();
      resolve(outcome);
    };
    const subscription = client.subscribe('status.changed', {
      onEvent: (status) => {
        last = status;
        if (isSettled(status, wanted)) finish(status);
      },
      onUnreachable: finish,
    });
    interrupted.addEventListener('abort', giveUp);
  });
}

/** The box may answer a moment later although it was not reached at first, so that is waited for. */
function isSettled(status: DaemonStatus, wanted: boolean): boolean {
  switch (status.state) {
    case 'off':
      return !wanted;
    case 'protected':
    case 'away':
      return wanted;
    case 'failed':
      return true;
    case 'connecting':
    case 'box-unreachable':
      return false;
    default:
      return assertNever(status);
  }
}
