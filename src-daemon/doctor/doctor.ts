import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import type { Check, Subject } from './check.ts';
import { arpCheck } from './checks/arp.ts';
import { boxConfiguredCheck, boxReachableCheck, boxVersionCheck } from './checks/box.ts';
import { clockCheck } from './checks/clock.ts';
import { controlSocketCheck } from './checks/control-socket.ts';
import { domainRulesCheck } from './checks/domain-rules.ts';
import { ipv6LeakCheck } from './checks/ipv6-leak.ts';
import { linkChecks, secondLinkCheck } from './checks/links.ts';
import { deadRoutesCheck } from './checks/dead-routes.ts';
import { otherRulesCheck, otherTunnelsCheck } from './checks/other-software.ts';
import { pathMtuCheck } from './checks/path-mtu.ts';
import { programRulesCheck } from './checks/program-rules.ts';
import { reversePathFilterCheck } from './checks/reverse-path-filter.ts';
import { sandboxCheck } from './checks/sandbox.ts';
import { stateFolderCheck } from './checks/state-folder.ts';
import { trayCheck } from './checks/tray.ts';
import { tunDeviceCheck } from './checks/tun-device.ts';
import { runChecks } from './run-checks.ts';

/** Looks at what usually goes wrong; nothing is changed unless `fix` asks for it. */
export function runDoctor(subject: Subject, fix: boolean): Promise<DoctorCheck[]> {
  return runChecks(checksOf(subject), fix);
}

/** All checks, in the order in which they are shown: first what stops everything. */
export function checksOf(subject: Subject): readonly Check[] {
  return [
    boxConfiguredCheck(subject),
    boxReachableCheck(subject),
    boxVersionCheck(subject),
    secondLinkCheck(subject),
    ...linkChecks(subject),
    reversePathFilterCheck(subject),
    arpCheck(subject),
    deadRoutesCheck(subject),
    pathMtuCheck(subject),
    ipv6LeakCheck(subject),
    ...subject.desktopChecks,
    otherRulesCheck(subject),
    otherTunnelsCheck(subject),
    clockCheck(subject),
    tunDeviceCheck(subject),
    programRulesCheck(subject),
    domainRulesCheck(subject),
    stateFolderCheck(subject),
    controlSocketCheck(subject),
    sandboxCheck(subject),
    trayCheck(),
  ];
}
