// The one step of the service that root does, before the daemon starts as somebody else. It loads none of the daemon.
import { handOverGateGroup } from '../src-platform/apps/gate-group.ts';

try {
  handOverGateGroup(process.env);
} catch (error) {
  process.stderr.write(
    `bowline-gate: ${(error as Error).message}; the first socket of a program under a rule may go another way\n`,
  );
  process.exitCode = 1;
}
