import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectDir, runProgram } from './programs.ts';

/**
 * Compiles a C++ program of the lab into `dist/lab`, unless that holds one newer than its sources.
 *
 * @param source path below `test/lab`; the headers beside it count as sources, too.
 * @returns the path of the program.
 */
export function compileProgram(source: string): Promise<string> {
  return compile(source, '', []);
}

/** Compiles a C++ program that needs no libraries, as {@link compileProgram} does others. */
export function compileStaticProgram(source: string): Promise<string> {
  return compile(source, '', ['-static']);
}

/** Compiles a C++ library of the lab that programs are started with, as {@link compileProgram} does programs. */
export function compileLibrary(source: string): Promise<string> {
  return compile(source, '.so', ['-shared', '-fPIC']);
}

async function compile(source: string, ending: string, kindFlags: readonly string[]): Promise<string> {
  const sourcePath = join(projectDir(), 'test/lab', source);
  const sourceDir = dirname(sourcePath);
  const outDir = join(projectDir(), 'dist/lab');
  const name = source.slice(source.lastIndexOf('/') + 1, source.lastIndexOf('.'));
  const programPath = join(outDir, name + ending);
  const sources = readdirSync(sourceDir).filter((name) => /\.(cc|h)$/.test(name));
  const changedMs = Math.max(...sources.map((name) => statSync(join(sourceDir, name)).mtimeMs));
  if (existsSync(programPath) && statSync(programPath).mtimeMs > changedMs) return programPath;
  mkdirSync(outDir, { recursive: true });
  const draftPath = `${programPath}.${process.pid}`;
  const flags = ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', ...kindFlags];
  await runProgram('g++', [...flags, '-o', draftPath, sourcePath]);
  // Renaming is atomic: a second run that compiles at the same time never starts half a program.
  renameSync(draftPath, programPath);
  return programPath;
}
