import { VERSION } from '../src-shared/version.ts';
import { runCommandLine } from './command-line.ts';

// A reader that went away, as in `bowline watch | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

process.exitCode = await runCommandLine(process.argv.slice(2), {
  version: VERSION,
  now: () => Date.now(),
  print: (text) => void process.stdout.write(`${text}\n`),
  printError: (text) => void process.stderr.write(`${text}\n`),
  interrupted: interrupted.signal,
});
