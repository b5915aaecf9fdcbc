import { execFile, spawn } from 'node:child_process';

/** The longest that a route or firewall command may take: they finish in milliseconds unless the kernel hangs. */
const EXEC_TIMEOUT_MS = 10_000;

/** More than `ip -j` prints on a router with thousands of routes. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** System tools live in the sbin folders, which an unprivileged or minimal environment leaves out. */
const TOOL_SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Input and limits of one run. */
export interface ExecOptions {
  /** Fed to the program's standard input, which is then closed. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program without a shell and resolves to its standard output. */
export type Exec = (command: string, args: readonly string[], options?: ExecOptions) => Promise<string>;

/** A program that could not be started, was killed, or ended with a status other than 0. */
export class ExecError extends Error {
  readonly code = 'EXEC_FAILED';
  /** Program and arguments, for messages. */
  readonly command: string;
  /** Null when the program did not run to its end. */
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(command: string, exitCode: number | null, stderr: string, options?: ErrorOptions) {
    const firstLine = stderr.trim().split('\n')[0] ?? '';
    super(
      `${command} failed (${exitCode ?? 'did not run'})${firstLine === '' ? '' : `: ${firstLine}`}`,
      options,
    );
    this.name = 'ExecError';
    this.command = command;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/**
 * Runs a program of the system. Its messages are in English, its search path is the system's.
 *
 * @throws ExecError
 */
export const exec: Exec = (command, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      {
        timeout: options.timeoutMs ?? EXEC_TIMEOUT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: 'utf8',
        env: { PATH: TOOL_SEARCH_PATH, LC_ALL: 'C' },
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const exitCode = typeof error.code === 'number' ? error.code : null;
        const text = stderr === '' && exitCode === null ? error.message : stderr;
        reject(new ExecError([command, ...args].join(' '), exitCode, text, { cause: error }));
      },
    );
    // A program that ends without reading its input is judged by its exit status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });

/**
 * Starts a program of the user's desktop that outlives this one, with the user's own environment. Resolves to whether
 * it could be started; what becomes of it is not followed.
 */
export function startDetached(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { detached: true, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

/** How a program ended that ran in this one's place. */
export type ForegroundEnd =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'not-started'; readonly errno: string };

/**
 * Runs a program in this one's place: with its terminal, environment and folder, until it ends. Signals that ask this
 * process to end go to the program; those of the terminal reach it anyway.
 */
export function runInPlace(command: string, args: readonly string[]): Promise<ForegroundEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    const leaveToTheChild = (): void => undefined;
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, leaveToTheChild);
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'not-started', errno: error.code ?? 'EIO' }),
    );
    child.once('exit', (status, signal) =>
      resolve(signal === null ? { kind: 'status', status: status ?? 1 } : { kind: 'signal', signal }),
    );
  });
}

/**
 * Parses what a program printed with its JSON option. `ip -j` prints nothing at all for an empty list.
 *
 * @throws SyntaxError if the output is no JSON
 */
export function parseJsonOutput(output: string): unknown {
  return output.trim() === '' ? [] : JSON.parse(output);
}
