import { exec, machineFacts } from '../../src-platform/index.ts';
import { native } from '../../src-platform/native.ts';
import type { HandledDaemon } from '../control/handled-daemon.ts';
import type { Subject } from './check.ts';

/** Where a daemon keeps what it knows, and where it is asked. */
export interface DaemonFiles {
  readonly stateDir: string;
  readonly socketPath: string;
}

/** A running daemon on this machine, as checks see it. */
export function subjectOf(daemon: HandledDaemon, { stateDir, socketPath }: DaemonFiles): Subject {
  return {
    status: () => daemon.status(),
    links: daemon.links,
    sysctls: daemon.sysctls,
    machine: machineFacts,
    exec,
    desktopChecks: daemon.desktop.checks,
    missingFacilities: () => daemon.apps.missing,
    domains: {
      rules: daemon.apps.domains,
      isResolvedEncrypting: () => daemon.desktop.names.isResolvedEncrypting(),
      sockets: native.inetSockets,
    },
    stateDir,
    socketPath,
  };
}
