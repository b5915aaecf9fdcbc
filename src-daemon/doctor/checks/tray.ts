import { type Check, unseen } from '../check.ts';

/** Only a program of the session can ask the desktop. */
export function trayCheck(): Check {
  return {
    name: 'tray',
    look: () =>
      unseen(
        'the service cannot ask the desktop; the app asks at its start, and says so if nothing shows its icon',
      ),
  };
}
