import { broken, type Check, fine, type Subject, warning } from '../check.ts';

/** Who may switch the tunnel: the people of the socket's group. */
export function controlSocketCheck(subject: Pick<Subject, 'machine' | 'socketPath'>): Check {
  return {
    name: 'control-socket',
    look: async () => {
      const { socketPath } = subject;
      const access = await subject.machine.accessTo(socketPath);
      if (access === null)
        return broken(`${socketPath} is gone`, 'restart the service (systemctl restart bowlined)');
      const mode = access.mode.toString(8).padStart(4, '0');
      const evidence = `${socketPath} ${mode} ${access.owner}:${access.group}`;
      if ((access.mode & 0o002) !== 0)
        return broken(`${evidence}: everybody may use it`, `chmod 0660 ${socketPath}`);
      if (access.group === 'root') return fine(`${evidence}: root only`);
      const { groupMembers: members } = access;
      if (members.length === 0) {
        return warning(
          `${evidence}: nobody is in the group ${access.group}`,
          `sudo usermod -aG ${access.group} YOUR_NAME, then log in again`,
        );
      }
      return fine(`${evidence}: ${members.join(', ')}`);
    },
  };
}
