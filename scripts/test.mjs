// `npm test`: everything that can be checked on this machine. `npm test -- lint unit` runs some steps only.
// The last line is `N passed, N failed`.
import { readdirSync } from 'node:fs';
import { ensureDebianPackages } from './lib/debian.mjs';
import { labObstacle } from './lib/lab-host.mjs';
import { PROJECT_DIR } from './lib/run.mjs';
import { StepRunner } from './lib/steps.mjs';

/** The whole may take 40 minutes where it is run automatically; the rest is for installing. */
const BUDGET_MINUTES = 35;
/** Checks that only compute, side by side: nothing in them measures time. */
const WIDTH = 2;

const COUNTS_REPORTER = '--reporter=./scripts/lib/counts-reporter.mjs';

/**
 * @param {string} project
 * @param {number} limitMinutes
 * @param {{ isShown?: boolean }} [options]
 * @returns {import('./lib/steps.mjs').Step}
 */
function vitest(project, limitMinutes, { isShown = false } = {}) {
  const reporter = isShown ? '--reporter=verbose' : '--reporter=default';
  return {
    name: project,
    project,
    command: ['node_modules/vitest/vitest.mjs', 'run', '--project', project, reporter, COUNTS_REPORTER],
    isShown,
    limitMinutes,
  };
}

const BUILD = { name: 'build', command: ['scripts/build.mjs'], limitMinutes: 5 };
/** Long ones first, so that none is left running alone at the end. */
const COMPUTING = [
  vitest('sim', 12),
  { name: 'native-asan', command: ['scripts/test-native-asan.mjs'], limitMinutes: 10 },
  {
    name: 'lint',
    command: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'],
    limitMinutes: 5,
  },
  { name: 'types', command: ['scripts/typecheck.mjs'], limitMinutes: 5 },
  vitest('unit', 5),
  vitest('view', 5),
  {
    name: 'layers',
    command: [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      ...sourceFolders(),
      '--output-type',
      'err',
    ],
    limitMinutes: 3,
  },
  {
    name: 'format',
    command: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    limitMinutes: 3,
  },
];
/** These wait for kernels and timers, so they have the machine for themselves, one after the other. */
const NATIVE = vitest('native', 5);
const NAMESPACES = vitest('platform-ns', 5);
const BROWSER = vitest('browser', 5);
const BROWSER_LAB = vitest('browser-lab', 5);
/** Two files at a time: see vitest.config.ts. */
const LAB = vitest('lab', 15, { isShown: true });
const LAB_ALONE = vitest('lab-alone', 25, { isShown: true });

const wanted = process.argv.slice(2);
const known = [BUILD, ...COMPUTING, NATIVE, NAMESPACES, BROWSER, BROWSER_LAB, LAB, LAB_ALONE].map(
  ({ name }) => name,
);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}
/** @param {{ name: string }} step */
const isWanted = ({ name }) => wanted.length === 0 || wanted.includes(name);

const runner = new StepRunner(BUDGET_MINUTES);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    runner.stop();
    process.exitCode = 130;
  });
}

/** @type {string[]} */
const skippedSteps = [];
/** @type {import('./lib/steps.mjs').Outcome[]} */
const outcomes = [];
const browsing = [BROWSER, BROWSER_LAB].filter(isWanted);
const browserObstacle = browsing.length > 0 ? findBrowserObstacle() : null;
skippedSteps.push(
  ...browsing.filter(() => browserObstacle !== null).map(({ name }) => `${name}: ${browserObstacle}`),
);
const privileged = [NAMESPACES, BROWSER_LAB, LAB, LAB_ALONE]
  .filter(isWanted)
  .filter((step) => step !== BROWSER_LAB || browserObstacle === null);
const obstacle = privileged.length > 0 ? findObstacle() : null;

outcomes.push(...(await runner.runAll([BUILD].filter(isWanted), 1)));
outcomes.push(...(await runner.runAll(COMPUTING.filter(isWanted), WIDTH)));
outcomes.push(...(await runner.runAll([NATIVE].filter(isWanted), 1)));
if (browserObstacle === null) outcomes.push(...(await runner.runAll([BROWSER].filter(isWanted), 1)));
if (obstacle === null) outcomes.push(...(await runner.runAll(privileged, 1)));
else skippedSteps.push(...privileged.map(({ name }) => `${name}: ${obstacle}`));

report();

function report() {
  const skipped = [
    ...skippedSteps,
    ...outcomes.flatMap(({ step, skipped }) =>
      skipped.map(({ name, reason }) => `${step}: ${name}: ${reason}`),
    ),
  ];
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join('\n')}`);
  const failedSteps = outcomes.filter(({ failed }) => failed > 0).map(({ step }) => step);
  if (failedSteps.length > 0) console.log(`\nFailed: ${failedSteps.join(', ')}`);
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  if (failed > 0 || passed === 0) process.exitCode ??= 1;
  console.log(`\n${passed} passed, ${failed} failed`);
}

/** @returns {string | null} */
function findObstacle() {
  if (process.getuid?.() === 0 && !ensureDebianPackages(['network', 'lab']))
    return 'packages are missing, see above';
  return labObstacle();
}

/** @returns {string | null} */
function findBrowserObstacle() {
  return ensureDebianPackages(['browser']) ? null : 'Chromium is missing, see above';
}

/** @returns {string[]} */
function sourceFolders() {
  return readdirSync(PROJECT_DIR).filter((name) => name.startsWith('src-'));
}
