import { readFileSync } from 'node:fs';
import { RIGHTS, type Right } from '../src-shared/control/contract.ts';
import { CONTROL_GROUP } from '../src-shared/model/defaults.ts';
import { errorCode, type PeerCredentials } from './peer.ts';

/** Who may use a control socket, and for what. */
export interface ControlAccess {
  /** Group of the socket file; null leaves the process' own. */
  readonly groupId: number | null;
  /** The most that a caller may do; null if it may not even connect. */
  readonly rightOf: (peer: PeerCredentials) => Right | null;
}

/**
 * Root and the user that the daemon runs as may do everything, members of the control group may look and switch, others
 * nothing. The mode of the socket file keeps the latter out already; this holds if that mode was widened.
 *
 * @param groupId the control group's; null if the machine has none.
 */
export function controlAccess(groupId: number | null, ownUserId: number): ControlAccess {
  return {
    groupId,
    rightOf: ({ uid, gid, groups }) => {
      if (uid === 0 || uid === ownUserId) return 'configure';
      if (groupId !== null && (gid === groupId || groups.includes(groupId))) return 'switch';
      return null;
    },
  };
}

/** The access to this machine's daemons: looks up the control group, which may be missing. */
export function localControlAccess(): ControlAccess {
  return controlAccess(groupIdIn(readGroups(), CONTROL_GROUP), process.getuid?.() ?? 0);
}

/** Whether a caller with the right `held` may do what takes the right `needed`. */
export function includesRight(held: Right, needed: Right): boolean {
  return RIGHTS.indexOf(held) >= RIGHTS.indexOf(needed);
}

/** Finds a group's number in the text of a group file (group(5)); null if it is not there. */
export function groupIdIn(groupFile: string, name: string): number | null {
  for (const line of groupFile.split('\n')) {
    const [groupName, , id] = line.split(':');
    if (groupName === name && id !== undefined && /^\d{1,10}$/.test(id)) return Number(id);
  }
  return null;
}

/** The package makes the control group in this file, so no other source of groups is asked. */
const GROUP_FILE = '/etc/group';

function readGroups(): string {
  try {
    return readFileSync(GROUP_FILE, 'utf8');
  } catch (error) {
    // A machine without the file has no groups but root's: the socket is root's alone.
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
