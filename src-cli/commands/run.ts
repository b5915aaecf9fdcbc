import { constants } from 'node:os';
import { runInPlace } from '../../src-platform/exec.ts';

/** Runs a command in this one's place. Resolves to the exit status that a shell would give. */
export async function runInForeground(
  program: string,
  args: readonly string[],
  printError: (text: string) => void,
): Promise<number> {
  const end = await runInPlace(program, args);
  switch (end.kind) {
    case 'status':
      return end.status;
    case 'signal':
      return BY_SIGNAL + constants.signals[end.signal];
    case 'not-started':
      printError(
        `bowline: ${program} cannot be started (${end.errno}); check its name and whether you may run it`,
      );
      return end.errno === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
  }
}

/** As shells have it. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const BY_SIGNAL = 128;
