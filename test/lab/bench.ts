/** `npm run bench`: measures Bowline against the raw link and against the tunnels that are installed. */
import { writeFileSync } from 'node:fs';
import { BenchHome } from './bench/bench-home.ts';
import type { Contender, ContenderName } from './bench/contender.ts';
import { bowline } from './bench/contenders/bowline.ts';
import { openvpn } from './bench/contenders/openvpn.ts';
import { raw } from './bench/contenders/raw.ts';
import { shadowsocks } from './bench/contenders/shadowsocks.ts';
import { wireguardGo } from './bench/contenders/wireguard-go.ts';
import { missingPrograms } from './bench/contender.ts';
import { HELP, parseOptions } from './bench/options.ts';
import type { BenchOptions } from './bench/options.ts';
import { makeReport } from './bench/report.ts';
import { estimateSeconds, runRounds } from './bench/rounds.ts';
import type { BenchPlan, Outcome } from './bench/rounds.ts';
import { renderTables, renderVerdicts } from './bench/tables.ts';
import { judge } from './bench/verdicts.ts';

const CONTENDERS: readonly Contender[] = [raw, bowline, wireguardGo, openvpn, shadowsocks];

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_NOT_PERMITTED = 4;
/** As shells count a death by SIGINT. */
const EXIT_INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`${messageOf(error)}. --help tells more.`);
    return EXIT_USAGE;
  }
  if (options.isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    console.error('The benchmark builds network namespaces, which needs root. Run: sudo npm run bench');
    return EXIT_NOT_PERMITTED;
  }
  const obstacle = missingPrograms(['iperf3'], 'iperf3');
  if (obstacle !== null) {
    console.error(`${obstacle}: it makes the traffic. Run: apt-get install iperf3`);
    return EXIT_FAILED;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!abort.signal.aborted) console.error('\nStopping and cleaning up ...');
      abort.abort(new Error('interrupted'));
    });
  }
  try {
    return await measure(options, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) return EXIT_INTERRUPTED;
    console.error(`The benchmark failed: ${messageOf(error)}`);
    return EXIT_FAILED;
  }
}

async function measure(options: BenchOptions, signal: AbortSignal): Promise<number> {
  const startedAt = new Date();
  const wanted = CONTENDERS.filter(({ name }) => options.only.includes(name));
  const skipped = new Map<Contender, string>();
  for (const contender of wanted) {
    const obstacle = contender.obstacle();
    if (obstacle !== null) skipped.set(contender, obstacle);
  }
  const contenders = wanted.filter((contender) => !skipped.has(contender));
  const plan: BenchPlan = { contenders, rounds: options.rounds, durations: options.durations };
  const versions = new Map<ContenderName, string>();
  for (const { name, version } of contenders) versions.set(name, await version());
  announce(plan, versions, skipped);

  const bench = await BenchHome.create();
  let outcome: Outcome;
  try {
    outcome = await runRounds(bench, plan, (line) => console.log(line), signal);
  } finally {
    await bench[Symbol.asyncDispose]();
  }

  const verdicts = judge(outcome.figures);
  console.log(`\n${renderTables(outcome.figures, contenders)}\n\n${renderVerdicts(verdicts)}`);
  if (outcome.failures.length > 0) {
    console.log(`\n${outcome.failures.length} measurements failed; the lines above say why.`);
  }
  if (options.jsonPath !== null) {
    const report = makeReport(outcome, { startedAt, plan, versions, skipped, verdicts });
    writeFileSync(options.jsonPath, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`\nReport: ${options.jsonPath}`);
  }
  const isGood = outcome.figures.has('bowline') && verdicts.every(({ outcome }) => outcome !== 'missed');
  return options.asserts && !isGood ? EXIT_FAILED : 0;
}

function announce(
  plan: BenchPlan,
  versions: ReadonlyMap<ContenderName, string>,
  skipped: ReadonlyMap<Contender, string>,
): void {
  const minutes = Math.max(1, Math.round(estimateSeconds(plan) / 60));
  console.log(`Measuring ${plan.rounds} rounds, about ${minutes} min. Everything runs on this machine:`);
  console.log('both ends of a tunnel and of the traffic share its cores, so compare rows with each other.');
  for (const { name, label, setting } of plan.contenders) {
    console.log(`  ${label.padEnd(22)}  ${versions.get(name) ?? ''}; ${setting}`);
  }
  for (const [{ label }, reason] of skipped) console.log(`  ${label.padEnd(22)}  skipped: ${reason}`);
  console.log('');
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
