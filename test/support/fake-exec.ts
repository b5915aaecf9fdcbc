import { ExecError, type Exec } from '../../src-platform/exec.ts';

/** One command that was run. */
export interface RunCommand {
  readonly line: string;
  readonly input: string;
}

/** Records commands and answers them by the first pattern that matches the command line. */
export class FakeExec {
  readonly commands: RunCommand[] = [];
  readonly #answers: { readonly pattern: RegExp; readonly answer: () => string }[] = [];

  readonly exec: Exec = (command, args, options = {}) => {
    const line = [command, ...args].join(' ');
    this.commands.push({ line, input: options.input ?? '' });
    const answer = this.#answers.find(({ pattern }) => pattern.test(line));
    return Promise.resolve().then(() => answer?.answer() ?? '');
  };

  /** Makes commands print something. */
  prints(pattern: RegExp, output: string): void {
    this.#answers.unshift({ pattern, answer: () => output });
  }

  /** Makes commands fail, always or a number of times. */
  fails(pattern: RegExp, stderr: string, times = Infinity): void {
    let left = times;
    this.#answers.unshift({
      pattern,
      answer: () => {
        left -= 1;
        if (left < 0) return '';
        throw new ExecError(String(pattern), 1, stderr);
      },
    });
  }

  /** Takes the commands that were run since the last call. */
  take(): RunCommand[] {
    return this.commands.splice(0);
  }
}
