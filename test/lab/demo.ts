/** `npm run demo`: a virtual home, real daemons, and the roaming cycle. */
import { writeFileSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { modeSchema, type Mode } from '../../src-shared/model/status.ts';
import { CycleTable } from './cycle-table.ts';
import { keepLogs, startTunnel } from './daemons.ts';
import { VirtualHome } from './home.ts';
import type { Subnets } from './home-plan.ts';
import { runRoamingCycle } from './roaming-cycle.ts';
import type { CycleReport } from './roaming-cycle.ts';
import { stayInHome } from './stay.ts';

const HELP = `Plays the roaming cycle in a virtual home on this machine.

  npm run demo -- [OPTIONS]

  --subnets one|two   both links in one subnet (default) or each in its own
  --family 4|6        traffic over IPv4 (default) or IPv6
  --mode MODE         how the links are used: seamless (default), bonded, redundant or saver
  --runs N            plays the cycle N times; default 1; 0 only together with --stay
  --json FILE         writes everything that was measured
  --stay              keeps the home up afterwards and opens its window, with cables to pull; Ctrl-C ends it
  --plain             the same without Bowline, for comparison
  --help              this text

Exit status: 0 nothing was lost, doubled or closed; 1 something was, or the home could not be built; 2 wrong usage.
`;

interface DemoOptions {
  readonly subnets: Subnets;
  readonly family: 4 | 6;
  readonly mode: Mode;
  readonly runs: number;
  readonly jsonPath: string | null;
  readonly stays: boolean;
  readonly isPlain: boolean;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') {
    return options;
  }
  if (process.getuid?.() !== 0) {
    console.error('The virtual home is made of network namespaces and needs root. Run it with sudo.');
    return 1;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => abort.abort());
  }
  await using home = await VirtualHome.create({ subnets: options.subnets });
  const reports: CycleReport[] = [];
  let failure: unknown = null;
  try {
    await play(home, options, reports, abort.signal);
  } catch (error) {
    failure = error;
  }
  const passed =
    failure === null &&
    reports.length === options.runs &&
    reports.every((report) => report.complaints.length === 0);
  if (failure !== null) {
    console.error(abort.signal.aborted ? 'Interrupted' : describe(failure));
  }
  if (options.jsonPath !== null) {
    const error = failure === null ? null : describe(failure);
    writeFileSync(
      options.jsonPath,
      `${JSON.stringify(jsonReport(options, reports, passed, error), null, 2)}\n`,
    );
    console.log(`Report: ${options.jsonPath}`);
  }
  if (!passed && !options.isPlain) {
    console.error(`Logs of the daemons: ${keepLogs(home)}`);
  }
  return passed ? 0 : 1;
}

async function play(
  home: VirtualHome,
  options: DemoOptions,
  reports: CycleReport[],
  signal: AbortSignal,
): Promise<void> {
  console.log(
    `Virtual home: a laptop with Ethernet and Wi-Fi in ${options.subnets === 'one' ? 'one subnet' : 'two subnets'}, ` +
      'a box, a router, a server on the internet',
  );
  await using tunnel = options.isPlain ? null : await startTunnel(home);
  await tunnel?.cli('mode', options.mode);
  console.log(
    tunnel === null
      ? 'Without Bowline: traffic goes by the laptop’s own routes'
      : `Tunnel up over both links, mode ${options.mode}; the box does NAT`,
  );
  for (let run = 1; run <= options.runs && !signal.aborted; run++) {
    const table = new CycleTable(process.stdout.isTTY === true);
    console.log(options.runs > 1 ? `\nRun ${run} of ${options.runs}` : '');
    const report = await runRoamingCycle(home, {
      family: options.family,
      tunnel,
      signal,
      onBaseline: (baseline) => console.log(table.head(baseline)),
      onStep: (step) => console.log(table.row(step)),
    });
    reports.push(report);
    console.log(table.foot(report));
  }
  if (options.stays && !signal.aborted) {
    await stayInHome(home, tunnel, signal);
  }
}

function readOptions(): DemoOptions | number {
  try {
    const { values } = parseArgs({
      options: {
        subnets: { type: 'string', default: 'one' },
        family: { type: 'string', default: '4' },
        mode: { type: 'string', default: 'seamless' },
        runs: { type: 'string', default: '1' },
        json: { type: 'string' },
        stay: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const runs = Number(values.runs);
    if (values.subnets !== 'one' && values.subnets !== 'two') {
      throw new Error('--subnets is one or two');
    }
    if (values.family !== '4' && values.family !== '6') {
      throw new Error('--family is 4 or 6');
    }
    const mode = modeSchema.safeParse(values.mode);
    if (!mode.success) {
      throw new Error(`--mode is ${modeSchema.options.join(', ')}`);
    }
    if (!Number.isInteger(runs) || runs < (values.stay ? 0 : 1)) {
      throw new Error('--runs is a whole number from 1 on, or 0 together with --stay');
    }
    return {
      subnets: values.subnets,
      family: values.family === '4' ? 4 : 6,
      mode: mode.data,
      runs,
      jsonPath: values.json ?? null,
      stays: values.stay,
      isPlain: values.plain,
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\nSee --help.`);
    return 2;
  }
}

function jsonReport(
  options: DemoOptions,
  reports: readonly CycleReport[],
  passed: boolean,
  error: string | null,
): object {
  return {
    format: 1,
    at: new Date().toISOString(),
    machine: { kernel: release(), arch: arch(), processors: cpus().length, node: process.version },
    options: {
      subnets: options.subnets,
      family: options.family,
      mode: options.mode,
      runs: options.runs,
      withTunnel: !options.isPlain,
    },
    passed,
    error,
    runs: reports,
  };
}

/** Renders an error with its causes, outermost first. */
function describe(error: unknown): string {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    lines.push(cause.message);
  }
  return lines.join('\n  because: ');
}

process.exitCode = await main();
