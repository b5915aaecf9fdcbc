import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Says what a finished program printed and how it ended. */
export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status, or -1 if a signal ended it. */
  readonly status: number;
}

/** Runs a program to its end and hands back its output whatever its exit status is. */
export function tryProgram(file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ stdout, stderr, status: status ?? -1 }));
    // A program that ends without reading its input is judged by its exit status, not by the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/**
 * Runs a program to its end and hands back what it printed.
 *
 * @throws Error naming the command and its error output when the exit status is not 0.
 */
export async function runProgram(file: string, args: readonly string[], input = ''): Promise<string> {
  const result = await tryProgram(file, args, input);
  if (result.status !== 0) {
    throw new Error(
      `${file} ${args.join(' ')} ended with ${result.status}: ${result.stderr.trim() || result.stdout.trim()}`,
    );
  }
  return result.stdout;
}

/** Finds the folder of the project that this file (or the bundle made of it) belongs to. */
export function projectDir(): string {
  let dir = import.meta.dirname;
  for (;;) {
    const manifestPath = join(dir, 'package.json');
    if (existsSync(manifestPath) && /"name":\s*"bowline"/.test(readFileSync(manifestPath, 'utf8')))
      return dir;
    const parent = dirname(dir);
    if (parent === dir) throw new Error(`no project folder above ${import.meta.dirname}`);
    dir = parent;
  }
}
