import { parseBoxArguments, type BoxArguments } from './arguments.ts';
import { Box } from './box.ts';
import { runClientCommand } from './client-commands.ts';
import { runDaemon } from '../src-driver/run-daemon.ts';
import { exec, loadOrCreateStaticKey, revertLeftovers, sysctlFiles } from '../src-platform/index.ts';
import { createLog } from '../src-platform/log.ts';
import { VERSION } from '../src-shared/version.ts';

const parsed = parseBoxArguments(process.argv.slice(2), VERSION);
process.exitCode = await start();

async function start(): Promise<number> {
  if (parsed.kind === 'command') return main(parsed.arguments);
  if (parsed.kind === 'print') process.stdout.write(`${parsed.text}\n`);
  else process.stderr.write(`${parsed.message}\n`);
  return parsed.kind === 'print' ? 0 : 2;
}

async function main(args: BoxArguments): Promise<number> {
  switch (args.command) {
    case 'run': {
      const log = createLog(args['log-level'], (line) => process.stderr.write(line));
      return runDaemon(log, () =>
        Box.start(
          {
            stateDir: args['state-dir'],
            socketPath: args.socket,
            name: args.name,
            listen: args.listen,
            uplink: args.uplink,
            isAnnounced: !args['no-mdns'],
            tunnelNet4: args['tunnel-net'],
            tunnelNet6: args['tunnel-net6'],
            peers: args.peer,
          },
          log,
        ),
      );
    }
    case 'key':
      return attempt(async () => {
        const key = await loadOrCreateStaticKey(args['state-dir']);
        process.stdout.write(`${key.publicKeyText}\n`);
      });
    case 'revert':
      return attempt(async () => {
        const report = await revertLeftovers(args['state-dir'], { exec, sysctls: sysctlFiles() });
        if (report.isIncomplete)
          throw new Error('some changes could not be undone; run this command again as root');
      });
    default:
      return runClientCommand(args);
  }
}

async function attempt(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    process.stderr.write(`bowline-box: ${(error as Error).message}\n`);
    return 1;
  }
}
