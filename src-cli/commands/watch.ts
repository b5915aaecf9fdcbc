import type { ControlError } from '../../src-shared/control/error.ts';
import { formatTimeOfDay } from '../../src-shared/i18n/format.ts';
import type { Status } from '../../src-shared/model/status.ts';
import { describeStatus } from '../../src-shared/view/describe-status.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';
import { unreachableStatus } from './show.ts';

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
  const show = (status: Status): void => {
    if (isJson) {
      print(JSON.stringify(status));
      return;
    }
    const { headline, detail } = describeStatus(status, now());
    const text = `${headline}: ${detail}`;
    // Counters change all the time; people want to read what is new.
    if (text === lastText) return;
    lastText = text;
    print(`${formatTimeOfDay(now())}  ${text}`);
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
