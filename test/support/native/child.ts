import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NativeApi } from '../../../src-native/lib/index.ts';

const ADDON_FILE =
  process.env['BOWLINE_NATIVE'] ??
  fileURLToPath(new URL('../../../src-native/build/Release/bowline.node', import.meta.url));

/** Why tests that need network namespaces cannot run here, or `null` if they can. */
export const NAMESPACE_OBSTACLE = process.getuid?.() === 0 ? null : 'network namespaces need root';

export interface ChildResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a body in a child process has besides the addon. */
export interface ChildTools {
  /** Runs `ip` in the child's namespace. */
  ip(...args: string[]): void;
  /** Runs many `ip` commands at once, faster than one by one. */
  ipBatch(commands: readonly string[]): void;
  /** Writes a line to standard output. */
  print(text: string): void;
  readonly require: NodeJS.Require;
  readonly addonFile: string;
}

type Body<A, R> = (native: NativeApi, argument: A, tools: ChildTools) => R | Promise<R>;

/** A network namespace of a test file, with `lo` up. */
export interface Namespace {
  readonly name: string;
  /** Runs `ip` in it. */
  ip(...args: string[]): string;
  /**
   * Runs `body` in a Node process inside the namespace and gives back what it returns, through JSON. The
   * body is handed over as text: it can use its parameters and globals, nothing else.
   */
  run<A, R>(body: Body<A, R>, argument: A): Promise<R>;
  remove(): void;
}

let namespaces = 0;

export function createNamespace(): Namespace {
  const name = `bowline-native-${process.pid}-${namespaces++}`;
  execFileSync('ip', ['netns', 'add', name]);
  const ip = (...args: string[]): string => execFileSync('ip', ['-n', name, ...args], { encoding: 'utf8' });
  ip('link', 'set', 'lo', 'up');
  return {
    name,
    ip,
    run: async <A, R>(body: Body<A, R>, argument: A): Promise<R> => {
      const call = `await body(native, ${JSON.stringify(argument)}, tools)`;
      const script = `process.stdout.write(JSON.stringify({ value: ${call} }));`;
      const node = [process.execPath, '--input-type=module', '-e', childScript(body, script)];
      const result = await execute('ip', ['netns', 'exec', name, ...node]);
      if (result.status !== 0) throw new Error(`the child failed: ${result.stderr}`);
      return (JSON.parse(result.stdout) as { value: R }).value;
    },
    remove: () => execFileSync('ip', ['netns', 'del', name]),
  };
}

/** Runs `body` in a fresh Node process and waits for its end, however that comes. See {@link Namespace.run}. */
export async function runChild<A>(
  body: Body<A, unknown>,
  argument: A,
  nodeOptions: readonly string[] = [],
): Promise<ChildResult> {
  const script = childScript(body, `await body(native, ${JSON.stringify(argument)}, tools);`);
  return execute(process.execPath, [...nodeOptions, '--input-type=module', '-e', script]);
}

function childScript(body: (...args: never[]) => unknown, call: string): string {
  return `
    import { createRequire } from 'node:module';
    import { execFileSync } from 'node:child_process';
    const addonFile = ${JSON.stringify(ADDON_FILE)};
    const require = createRequire(addonFile);
    const native = require(addonFile);
    const tools = {
      ip: (...args) => execFileSync('ip', args),
      ipBatch: (commands) => execFileSync('ip', ['-batch', '-'], { input: commands.join('\\n') }),
      print: (text) => process.stdout.write(text + '\\n'),
      require,
      addonFile,
    };
    const body = ${body.toString()};
    ${call}`;
}

async function execute(command: string, args: readonly string[]): Promise<ChildResult> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 30_000 }, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
  });
}
