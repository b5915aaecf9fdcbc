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

/** What {@link controlAccess} decides by. */
export interface AccessRules {
  /** The control group's; null if the machine has none. */
  readonly groupId: number | null;
  /** The user that the daemon runs as. */
  readonly ownUserId: number;
  /** Whether the group's list has this user, who may have logged in before it had. */
  readonly isListed: (userId: number) => boolean;
}

/**
 * Root and the user that the daemon runs as may do everything, members of the control group may look and switch, others
 * nothing. The mode of the socket file keeps the latter out already; this holds if that mode was widened.
 */
export function controlAccess({ groupId, ownUserId, isListed }: AccessRules): ControlAccess {
  return {
    groupId,
    rightOf: ({ uid, gid, groups }) => {
      if (uid === 0 || uid === ownUserId) return 'configure';
      if (groupId === null) return null;
      return gid === groupId || groups.includes(groupId) || isListed(uid) ? 'switch' : null;
    },
  };
}

/** The access to this machine's daemons: looks up the control group, which may be missing. */
export function localControlAccess(): ControlAccess {
  return controlAccess({
    groupId: groupIn(readList(GROUP_FILE), CONTROL_GROUP)?.id ?? null,
    ownUserId: process.getuid?.() ?? 0,
    // Read anew each time: the app's set-up adds a person while the daemon runs, and lets that person use the socket
    // before the next login, from which on the kernel says so.
    isListed: (userId) => {
      const name = userNameIn(readList(USER_FILE), userId);
      return name !== null && groupIn(readList(GROUP_FILE), CONTROL_GROUP)?.members.includes(name) === true;
    },
  });
}

/** Whether a caller with the right `held` may do what takes the right `needed`. */
export function includesRight(held: Right, needed: Right): boolean {
  return RIGHTS.indexOf(held) >= RIGHTS.indexOf(needed);
}

/** Finds a group in the text of a group file (group(5)); null if it is not there. */
export function groupIn(
  groupFile: string,
  name: string,
): { readonly id: number; readonly members: readonly string[] } | null {
  for (const line of groupFile.split('\n')) {
    const [groupName, , id, members] = line.split(':');
    if (groupName === name && isId(id))
      return { id: Number(id), members: members?.split(',').filter((member) => member !== '') ?? [] };
  }
  return null;
}

/** Finds a user's name in the text of a user file (passwd(5)); null if it is not there. */
export function userNameIn(userFile: string, userId: number): string | null {
  for (const line of userFile.split('\n')) {
    const [name, , id] = line.split(':');
    if (name !== undefined && name !== '' && isId(id) && Number(id) === userId) return name;
  }
  return null;
}

/** The package makes the control group in this file, so no other source of groups is asked. */
const GROUP_FILE = '/etc/group';
const USER_FILE = '/etc/passwd';

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

function readList(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // A machine without the file has no groups but root's: the socket is root's alone.
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
