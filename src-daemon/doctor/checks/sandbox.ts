import { type Check, fine, type Subject, unseen, warning } from '../check.ts';

/** Ubuntu 24.04 and newer: only programs with a profile may make the user namespaces that the window's sandbox needs. */
export function sandboxCheck(subject: Pick<Subject, 'sysctls' | 'machine'>): Check {
  return {
    name: 'app-sandbox',
    look: async () => {
      const { sysctls } = subject;
      if (sysctls.read('user/max_user_namespaces') === '0')
        return warning('user namespaces are switched off', 'sysctl -w user.max_user_namespaces=15000');
      if (sysctls.read('kernel/unprivileged_userns_clone') === '0')
        return warning('user namespaces are for root only', 'sysctl -w kernel.unprivileged_userns_clone=1');
      const restriction = sysctls.read('kernel/apparmor_restrict_unprivileged_userns');
      if (restriction === null || restriction === '0') return fine('user namespaces are not restricted');
      if ((await subject.machine.writtenAt(APP)) === null)
        return unseen('user namespaces need a profile; the packaged app, which brings one, is not installed');
      return (await subject.machine.writtenAt(PROFILE)) === null
        ? warning(
            `user namespaces need a profile, and ${PROFILE} is missing`,
            'install the package of Bowline again',
          )
        : fine(`user namespaces need a profile, and ${PROFILE} is there`);
    },
  };
}

const APP = '/opt/Bowline/bowline-app';
const PROFILE = '/etc/apparmor.d/bowline-app';
