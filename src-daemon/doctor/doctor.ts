import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import { type Result, ok } from '../../src-shared/util/result.ts';
import type { ControlError } from '../../src-shared/control/error.ts';
import type { HandledDaemon } from '../control/handled-daemon.ts';

/** Looks at what usually goes wrong. Nothing here needs a fix that is not applied anyway, so `fix` changes nothing yet. */
export function runDoctor(
  daemon: HandledDaemon,
  _fix: boolean,
): Result<{ checks: DoctorCheck[] }, ControlError> {
  const status = daemon.status();
  const checks: DoctorCheck[] = [
    status.box === null
      ? check(
          'box-configured',
          'failed',
          'no box is known',
          'run `bowline-box pair` on the box and `bowline pair --code CODE` here',
        )
      : check('box-configured', 'ok', `${status.box.name} at ${status.box.address}`, null),
    status.state === 'protected'
      ? check('box-reachable', 'ok', `the box answers over ${status.carrying.join(', ')}`, null)
      : check(
          'box-reachable',
          status.state === 'off' ? 'skipped' : 'failed',
          `the state is ${status.state}`,
          status.state === 'off'
            ? 'bowline on'
            : 'check that the box runs and that its UDP port is not blocked',
        ),
    ...status.links.filter(({ state }) => state !== 'ignored').map(linkCheck),
  ];
  const usable = status.links.filter(({ state }) => state === 'carrying' || state === 'standby').length;
  checks.push(
    usable >= 2
      ? check('second-link', 'ok', `${usable} links reach the box`, null)
      : check(
          'second-link',
          'warning',
          `${usable} link reaches the box`,
          'connect the other link to the same home network',
        ),
  );
  return ok({ checks });
}

function linkCheck(link: ReturnType<HandledDaemon['status']>['links'][number]): DoctorCheck {
  const name = `link-${link.name}`;
  if (link.state === 'lost') {
    return check(
      name,
      'warning',
      `${link.name} does not reach the box`,
      'check the cable or the Wi-Fi network',
    );
  }
  const loss = `${(link.lossRatio * 100).toFixed(1)} % loss`;
  const delay = link.rttMicros === null ? 'delay unknown' : `${(link.rttMicros / 1_000).toFixed(1)} ms`;
  return check(name, link.lossRatio > 0.03 ? 'warning' : 'ok', `${link.state}, ${delay}, ${loss}`, null);
}

function check(
  name: string,
  verdict: DoctorCheck['verdict'],
  evidence: string,
  fix: string | null,
): DoctorCheck {
  return { name, verdict, evidence, fix, fixed: false };
}
