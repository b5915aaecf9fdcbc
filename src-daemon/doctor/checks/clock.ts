import { type Check, fine, type Subject, warning } from '../check.ts';

/** The tunnel never looks at the wall clock; certificates of web pages do. */
export function clockCheck(subject: Pick<Subject, 'machine'>): Check {
  return {
    name: 'clock',
    look: async () => {
      const now = subject.machine.wallClock();
      const date = new Date(now).toISOString().slice(0, 16).replace('T', ' ');
      const writtenAt = (await Promise.all(WITNESSES.map((path) => subject.machine.writtenAt(path)))).reduce(
        (latest: number, at) => Math.max(latest, at ?? 0),
        0,
      );
      if (now < writtenAt - TOLERANCE_MS) {
        const witness = new Date(writtenAt).toISOString().slice(0, 10);
        return warning(
          `it is ${date} UTC by this machine, which was used on ${witness} already`,
          'set the date, or switch on automatic time (timedatectl set-ntp true)',
        );
      }
      return fine(`${date} UTC`);
    },
  };
}

/** Files that every system writes now and then: no clock that is right is behind them. */
const WITNESSES = ['/etc', '/var/log', '/var/lib/systemd/timesync/clock', '/etc/ld.so.cache'] as const;
/** A file server or a battery change may be this far off without harm. */
const TOLERANCE_MS = 24 * 3_600_000;
