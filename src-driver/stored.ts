import { StorageError } from '../src-platform/index.ts';
import { type ControlError, controlError } from '../src-shared/control/error.ts';
import { type Result, err, ok } from '../src-shared/util/result.ts';

/** Makes a change that is written to the state folder; a caller of the control socket is told if it could not be. */
export async function stored(
  change: () => Promise<void>,
): Promise<Result<Record<string, never>, ControlError>> {
  try {
    await change();
    return ok({});
  } catch (error) {
    if (error instanceof StorageError) return err(controlError('STATE_UNWRITABLE', error.message));
    throw error;
  }
}
