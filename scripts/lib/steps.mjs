// The steps of `npm test`: how one is run, watched, limited in time and counted.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { PROJECT_DIR } from './run.mjs';

/** A step that is silent this long gets a line that says it is alive; more often would bury the results. */
const PROGRESS_MS = 20_000;
/** Time between asking a step to stop and stopping it: a lab needs about 2 s to take its namespaces down. */
const GRACE_MS = 10_000;
const COUNTS_DIR = 'dist/test';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} command arguments for Node
 * @property {string} [project] the Vitest project: its tests are counted one by one, anything else counts as one
 * @property {boolean} [isShown] whether the output is shown as it comes, else only after a failure
 * @property {number} limitMinutes several times what the step takes on two slow cores
 */

/**
 * @typedef {object} Outcome
 * @property {string} step
 * @property {number} passed
 * @property {number} failed
 * @property {{ name: string, reason: string }[]} skipped
 */

/** Runs steps, never longer than the whole may take. */
export class StepRunner {
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set();
  #deadline;

  /** @param {number} budgetMinutes for all steps together */
  constructor(budgetMinutes) {
    this.#deadline = Date.now() + budgetMinutes * 60_000;
    mkdirSync(`${PROJECT_DIR}${COUNTS_DIR}`, { recursive: true });
  }

  /**
   * Runs steps side by side, `width` at a time, starting them in order.
   * @param {readonly Step[]} steps
   * @param {number} width
   * @returns {Promise<Outcome[]>}
   */
  async runAll(steps, width) {
    const waiting = [...steps];
    /** @type {Outcome[]} */
    const outcomes = [];
    const work = async () => {
      for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
        outcomes.push(await this.run(step));
      }
    };
    await Promise.all(Array.from({ length: width }, work));
    return outcomes;
  }

  /**
   * @param {Step} step
   * @returns {Promise<Outcome>}
   */
  async run(step) {
    const startedAt = Date.now();
    const countsFile = `${PROJECT_DIR}${COUNTS_DIR}/${step.name}.json`;
    rmSync(countsFile, { force: true });
    const limitMs = Math.min(step.limitMinutes * 60_000, this.#deadline - startedAt);
    if (limitMs <= 0) {
      console.log(`FAIL  ${step.name}: no time left`);
      return { step: step.name, passed: 0, failed: 1, skipped: [] };
    }
    console.log(`...   ${step.name}`);
    const { isSuccess, output } = await this.#execute(step, countsFile, limitMs);
    const outcome = judge(step, isSuccess, countsFile);
    if (outcome.failed > 0 && !step.isShown) console.log(output.trimEnd());
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    const counts = step.project === undefined ? '' : ` (${outcome.passed} passed, ${outcome.failed} failed)`;
    console.log(`${outcome.failed > 0 ? 'FAIL' : 'ok  '}  ${step.name}${counts}, ${seconds} s`);
    return outcome;
  }

  /** Ends whatever runs; what has not begun counts as failed. */
  stop() {
    this.#deadline = 0;
    for (const child of this.#children) endGroup(child);
  }

  /**
   * @param {Step} step
   * @param {string} countsFile
   * @param {number} limitMs
   * @returns {Promise<{ isSuccess: boolean, output: string }>}
   */
  #execute(step, countsFile, limitMs) {
    return new Promise((resolve) => {
      const startedAt = Date.now();
      let output = '';
      // A group of its own: a step that hangs is ended together with what it started.
      const child = spawn(process.execPath, step.command, {
        cwd: PROJECT_DIR,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1', BOWLINE_COUNTS_FILE: countsFile },
      });
      this.#children.add(child);
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          if (step.isShown) process.stdout.write(text);
          else output += text;
        });
      }
      const progress = setInterval(() => {
        console.log(`...   ${step.name}, ${Math.round((Date.now() - startedAt) / 1000)} s`);
      }, PROGRESS_MS);
      const limit = setTimeout(() => {
        console.log(`      ${step.name} took longer than ${Math.round(limitMs / 60_000)} minutes: ending it`);
        endGroup(child);
      }, limitMs);
      child.on('exit', (code) => {
        clearInterval(progress);
        clearTimeout(limit);
        this.#children.delete(child);
        // A grandchild that outlives the step may hold the pipes open: it is not waited for.
        setImmediate(() => {
          child.stdout.destroy();
          child.stderr.destroy();
          resolve({ isSuccess: code === 0, output });
        });
      });
    });
  }
}

/**
 * @param {Step} step
 * @param {boolean} isSuccess
 * @param {string} countsFile
 * @returns {Outcome}
 */
function judge(step, isSuccess, countsFile) {
  if (step.project === undefined) {
    return { step: step.name, passed: isSuccess ? 1 : 0, failed: isSuccess ? 0 : 1, skipped: [] };
  }
  const counts = readCounts(countsFile);
  if (counts === null) {
    console.log(`      ${step.name} ended without a result`);
    return { step: step.name, passed: 0, failed: 1, skipped: [] };
  }
  if (counts.passed + counts.failed + counts.skipped.length === 0) {
    console.log(`      ${step.name} found no tests`);
    return { step: step.name, passed: 0, failed: 1, skipped: [] };
  }
  // The exit status knows of failures that no count shows.
  const failed = counts.failed === 0 && !isSuccess ? 1 : counts.failed;
  return { step: step.name, passed: counts.passed, failed, skipped: counts.skipped };
}

/**
 * @param {string} path
 * @returns {import('./counts-reporter.mjs').Counts | null}
 */
function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Not written, or half written: the run died.
    return null;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function endGroup(child) {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  const force = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
  child.once('exit', () => clearTimeout(force));
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group has ended by itself.
  }
}
