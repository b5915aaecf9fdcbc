import { exec } from '@vscode/sudo-prompt';
import type { RootOutcome, RunAsRoot } from './service-setup.ts';

/** Asks for the password by the desktop's own dialog (polkit) and runs the command as root. */
export const runAsRoot: RunAsRoot = (command) =>
  new Promise((resolve) => {
    exec(command, { name: 'Bowline' }, (error, _stdout, stderr) => {
      resolve(
        error === undefined || error === null ? { kind: 'done' } : outcomeOf(error, stderr?.toString() ?? ''),
      );
    });
  });

/**
 * What an error of the prompt means. The package tells its cases apart by these texts alone; it makes them itself, so
 * they do not depend on the language of the system.
 */
export function outcomeOf(error: Error, stderr: string): RootOutcome {
  if (error.message === 'User did not grant permission.') return { kind: 'dismissed' };
  if (error.message === 'No polkit authentication agent found.') return { kind: 'cannot-ask' };
  if (error.message === 'Unable to find pkexec or kdesudo.') return { kind: 'cannot-ask' };
  return { kind: 'failed', stderr: stderr === '' ? error.message : stderr };
}
