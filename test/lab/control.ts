import { ControlConnection } from '../../src-control/index.ts';
import type { Contract, MethodName, MethodParams, MethodResult } from '../../src-shared/control/contract.ts';
import { VERSION } from '../../src-shared/version.ts';

/**
 * Asks a daemon one question at its control socket, without a program for it: a test asks until something is so, and a
 * command costs a third of a second of a core each time, beside the traffic that is watched. What the commands
 * themselves say is for the tests of the command line.
 *
 * @returns null while nobody answers.
 * @throws Error if the answer is not what the contract says.
 */
export async function askDaemon<C extends Contract, M extends MethodName<C>>(
  contract: C,
  socketPath: string,
  method: M,
  params: MethodParams<C, M>,
): Promise<MethodResult<C, M> | null> {
  const opened = await ControlConnection.open({ contract, socketPath, programVersion: VERSION });
  if (!opened.ok) return null;
  const answer = await opened.value.call(method, params);
  opened.value.close();
  if (answer.ok) return answer.value;
  if (answer.error.code === 'BAD_MESSAGE') throw new Error(answer.error.message);
  return null;
}
