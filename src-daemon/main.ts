import { runDaemon } from '../src-driver/run-daemon.ts';
import {
  exec,
  isOfUserRules,
  loadOrCreateStaticKey,
  revertLeftovers,
  sysctlFiles,
} from '../src-platform/index.ts';
import { takeGateGroup } from '../src-platform/apps/gate-group.ts';
import { createLog } from '../src-platform/log.ts';
import { VERSION } from '../src-shared/version.ts';
import { parseDaemonArguments, type DaemonArguments } from './arguments.ts';
import { Daemon } from './daemon.ts';

const parsed = parseDaemonArguments(process.argv.slice(2), VERSION);
process.exitCode = await start();

async function start(): Promise<number> {
  if (parsed.kind === 'command') return main(parsed.arguments);
  if (parsed.kind === 'print') process.stdout.write(`${parsed.text}\n`);
  else process.stderr.write(`${parsed.message}\n`);
  return parsed.kind === 'print' ? 0 : 2;
}

async function main(args: DaemonArguments): Promise<number> {
  switch (args.command) {
    case 'run': {
      const log = createLog(args['log-level'], (line) => process.stderr.write(line));
      takeGateGroup(process.env, log);
      const { links, box } = args;
      return runDaemon(log, () =>
        Daemon.start({ stateDir: args['state-dir'], socketPath: args.socket, links, box }, log),
      );
    }
    case 'key':
      return attempt(async () => {
        const key = await loadOrCreateStaticKey(args['state-dir']);
        process.stdout.write(`${key.publicKeyText}\n`);
      });
    case 'revert':
      return attempt(async () => {
        const context = { exec, sysctls: sysctlFiles() };
        const isKept = args['keep-rules'] ? isOfUserRules : undefined;
        const report = await revertLeftovers(args['state-dir'], context, undefined, isKept);
        if (report.isIncomplete)
          throw new Error('some changes could not be undone; run this command again as root');
      });
  }
}

async function attempt(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    process.stderr.write(`bowlined: ${(error as Error).message}\n`);
    return 1;
  }
}
