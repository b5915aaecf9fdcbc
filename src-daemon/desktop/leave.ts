import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import type { HandledDaemon } from '../control/handled-daemon.ts';

/** Gets ready for the cable to be pulled, if there is something to go on with. */
export function leave(
  daemon: Pick<HandledDaemon, 'status' | 'desktop'>,
): Result<{ until: string }, ControlError> {
  const { state, links } = daemon.status();
  if (state !== 'protected') {
    const cause = `the state is ${state}, so nothing would be carried on`;
    return err(controlError('NOT_POSSIBLE_NOW', `${cause}; see bowline status`));
  }
  const usable = links.filter((link) => link.state === 'carrying' || link.state === 'standby');
  if (usable.length < 2) {
    return err(controlError('NOT_POSSIBLE_NOW', 'only one link reaches the box; switch Wi-Fi on first'));
  }
  return ok({ until: daemon.desktop.leaving.begin() });
}
