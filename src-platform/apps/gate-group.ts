import { closeSync } from 'node:fs';
import { describeError, type Log } from '../log.ts';
import { native } from '../native.ts';
import { managerSocket, takeHandedOver } from '../service-manager.ts';

/** The service manager's name for what it keeps and hands over. */
const NAME = 'bowline-gate';

/**
 * Opens the kernel's group by which programs are held, which takes root, and has the service manager keep it for the
 * daemon that starts next and that may not open one itself.
 * @throws Error that says what is missing.
 */
export function handOverGateGroup(environment: NodeJS.ProcessEnv): void {
  const manager = managerSocket(environment);
  if (manager === null)
    throw new Error('no service manager listens; this is a step of bowlined.service, with NotifyAccess=exec');
  const gate = new native.ExecGate();
  try {
    native.sdNotify(manager, `FDSTORE=1\nFDNAME=${NAME}`, gate.descriptor);
    // It looks up who sends, which it can as long as this process is there.
    if (!native.sdBarrier(manager, PATIENCE_MILLIS)) throw new Error('the service manager does not answer');
  } finally {
    gate.close();
  }
}

/**
 * Takes the group that the service manager hands over, if it does; the next gate of this process is made of it. The
 * manager's copy has to be gone before: a program waits for as long as anybody has the group open, and only this
 * process answers.
 */
export function takeGateGroup(environment: NodeJS.ProcessEnv, log: Log): void {
  const descriptor = takeHandedOver(environment, process.pid).get(NAME);
  if (descriptor === undefined) return;
  const manager = managerSocket(environment);
  try {
    if (manager !== null) {
      native.sdNotify(manager, `FDSTOREREMOVE=1\nFDNAME=${NAME}`);
      if (!native.sdBarrier(manager, PATIENCE_MILLIS))
        throw new Error('the service manager does not say that it has let go of its copy');
    }
    native.adoptExecGroup(descriptor);
  } catch (error) {
    log.warn('gate-not-taken', describeError(error));
  } finally {
    closeSync(descriptor);
  }
}

/** It takes a millisecond; a manager that is busy with the start of the machine, some hundred. */
const PATIENCE_MILLIS = 5_000;
