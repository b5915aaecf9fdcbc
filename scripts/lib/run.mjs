// Starting programs from the scripts of this folder.
import { spawn, spawnSync } from 'node:child_process';

/** The folder of the checkout, with a slash at its end. */
export const PROJECT_DIR = new URL('../../', import.meta.url).pathname;

/**
 * Runs one script of this project to its end and shows its output.
 * @param {string} script relative to the checkout
 * @param {readonly string[]} [args]
 * @returns {boolean} whether it succeeded
 */
export function runScript(script, args = []) {
  return spawnSync(process.execPath, [script, ...args], { cwd: PROJECT_DIR, stdio: 'inherit' }).status === 0;
}

/**
 * Puts a program in the foreground: it gets the terminal and the signals, and its exit status becomes ours.
 * @param {string} script relative to the checkout
 * @param {readonly string[]} args
 */
export function becomeScript(script, args) {
  becomeProgram(process.execPath, [`${PROJECT_DIR}${script}`, ...args]);
}

/**
 * The same for a program.
 * @param {string} file
 * @param {readonly string[]} args
 */
export function becomeProgram(file, args) {
  const child = spawn(file, args, { stdio: 'inherit' });
  // Ctrl-C reaches the child from the terminal as well; it decides when the end has come.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
