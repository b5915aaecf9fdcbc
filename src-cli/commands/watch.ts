import type { ControlError } from '../../src-shared/control/error.ts';
import { en } from '../../src-shared/i18n/en.ts';
import { formatTimeOfDay } from '../../src-shared/i18n/format.ts';
import type { Status } from '../../src-shared/model/status.ts';
import { describeLinkModel, describeLinkUse } from '../../src-shared/view/describe-link.ts';
import { describeStatus, linkLabel } from '../../src-shared/view/describe-status.ts';
import { unreachableStatus } from '../../src-shared/view/unreachable-status.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/**
 * Prints every status until interrupted. A daemon that is not there at the start ends the command; one that goes away
 * later is waited for, and its absence is a line of its own.
 */
export function watchStatus({
  client,
  isJson,
  now,
  print,
  interrupted,
}: CommandContext): Promise<CommandOutcome> {
  let lastText = '';
  const lastUses = new Map<string, string>();
  const show = (status: Status): void => {
    if (isJson) {
      print(JSON.stringify(status));
      return;
    }
    const { headline, detail } = describeStatus(status, now());
    const text = `${headline}: ${detail}`;
    const time = formatTimeOfDay(now());
    // Counters change all the time; people want to read what is new.
    if (text !== lastText) print(`${time}  ${text}`);
    lastText = text;
    for (const line of newLinkUses(status, lastUses)) print(`${time}  ${line}`);
  };

  return new Promise((resolve) => {
    let hasBegun = false;
    const finish = (outcome: CommandOutcome): void => {
      subscription.stop();
      resolve(outcome);
    };
    const subscription = client.subscribe('status.changed', {
      onEvent: (status) => {
        hasBegun = true;
        show(status);
      },
      onUnreachable: (error: ControlError) => {
        const status = unreachableStatus(error);
        if (!hasBegun || status === null) finish(error);
        else show(status);
      },
    });
    interrupted.addEventListener('abort', () => finish(null), { once: true });
  });
}

/** One line for each link whose use has changed, with what was learned about it; what is no news stays unsaid. */
function newLinkUses(status: Status, lastUses: Map<string, string>): readonly string[] {
  if (status.state === 'unreachable') return [];
  const { links } = status;
  return links.flatMap((link) => {
    if (link.model === null) {
      lastUses.delete(link.name);
      return [];
    }
    const use = describeLinkUse(link);
    if (lastUses.get(link.name) === use) return [];
    lastUses.set(link.name, use);
    return [en.colon(linkLabel(link.name, links), en.join(use, describeLinkModel(link.model)))];
  });
}
