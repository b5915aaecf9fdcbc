import { ControlServer, localControlAccess } from '../../src-control/index.ts';
import { native } from '../../src-platform/native.ts';
import type { Log } from '../../src-platform/log.ts';
import { daemonContract, type DaemonContract } from '../../src-shared/control/contract.ts';
import { VERSION } from '../../src-shared/version.ts';
import type { HandledDaemon } from './handled-daemon.ts';
import type { DaemonFiles } from '../doctor/subject.ts';
import { daemonHandlers } from './handlers.ts';

/** Opens the daemon's control socket. @throws if its path cannot be bound. */
export function listenForControl(
  daemon: HandledDaemon,
  files: DaemonFiles,
  log: Log,
): Promise<ControlServer<DaemonContract>> {
  return ControlServer.listen({
    contract: daemonContract,
    handlers: daemonHandlers(daemon, files),
    snapshots: { 'status.changed': () => daemon.status() },
    socketPath: files.socketPath,
    programVersion: VERSION,
    access: localControlAccess(),
    readPeerCredentials: native.peerCredentials,
    onNotice: (notice) => log.warn('control', { ...notice }),
  });
}
