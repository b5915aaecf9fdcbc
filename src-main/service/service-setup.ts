import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShellError } from '../../src-shared/bridge/bridge.ts';
import type { DesktopTexts } from '../../src-shared/i18n/desktop-texts.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';

/*
 * Setting up the service is one script, packaging/service-setup.sh, run as root after one question for the password.
 * The app's own files may be out of root's reach (an AppImage is mounted for its user alone) or in a user's hands, so
 * root copies them to a folder of its own first and compares every file with the checksums; the checksum of that list is
 * part of the command that the user agrees to.
 */

/** Runs one shell command as root, asking for the password; resolves to its exit. */
export type RunAsRoot = (command: string) => Promise<RootOutcome>;

type Action = 'install' | 'remove';

/** How a command as root ended. */
export type RootOutcome =
  | { readonly kind: 'done' }
  /** The question for the password was closed or answered wrongly. */
  | { readonly kind: 'dismissed' }
  /** There is no program, or no agent of the desktop, that could ask. */
  | { readonly kind: 'cannot-ask' }
  | { readonly kind: 'failed'; readonly stderr: string };

/** What the set-up needs. */
export interface ServiceSetupOptions {
  /** The folder `service` among the app's resources. */
  readonly payloadDir: string;
  readonly userName: string;
  readonly temporaryDir: string;
  readonly runAsRoot: RunAsRoot;
  readonly texts: () => DesktopTexts;
  readonly onFault: (error: unknown) => void;
}

/** Files whose presence says that the service is installed; the first is a package's, the second the script's. */
export const UNIT_PATHS = [
  '/usr/lib/systemd/system/bowlined.service',
  '/etc/systemd/system/bowlined.service',
  '/lib/systemd/system/bowlined.service',
] as const;

/** Installs, starts, restarts and removes the service. One run at a time. */
export class ServiceSetup {
  readonly #options: ServiceSetupOptions;
  #running: Promise<Result<null, ShellError>> | null = null;

  constructor(options: ServiceSetupOptions) {
    this.#options = options;
  }

  /** True if there is something to install; a checkout has no payload before it is packaged. */
  get isPossible(): boolean {
    return existsSync(join(this.#options.payloadDir, 'SHA256SUMS'));
  }

  /** Makes the service run and lets this user talk to it, whatever was missing. */
  install(): Promise<Result<null, ShellError>> {
    return this.#once('install');
  }

  /** Takes back what {@link install} did. */
  remove(): Promise<Result<null, ShellError>> {
    return this.#once('remove');
  }

  get #texts(): DesktopTexts['setup'] {
    return this.#options.texts().setup;
  }

  #once(action: Action): Promise<Result<null, ShellError>> {
    this.#running ??= this.#run(action).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(action: Action): Promise<Result<null, ShellError>> {
    const { payloadDir, temporaryDir, userName, runAsRoot, onFault } = this.#options;
    if (!this.isPossible) return err({ message: this.#texts.notPackaged, isCancelled: false });
    const stageDir = await mkdtemp(join(temporaryDir, 'bowline-setup-'));
    try {
      await cp(payloadDir, stageDir, { recursive: true, dereference: true });
      const digest = sha256(readFileSync(join(payloadDir, 'SHA256SUMS')));
      const outcome = await runAsRoot(rootCommand(setupScript({ action, stageDir, digest, userName })));
      return this.#judge(outcome, action);
    } catch (error) {
      onFault(error);
      return this.#failed(action, (error as Error).message);
    } finally {
      await rm(stageDir, { recursive: true, force: true });
    }
  }

  #judge(outcome: RootOutcome, action: Action): Result<null, ShellError> {
    switch (outcome.kind) {
      case 'done':
        return ok(null);
      case 'dismissed':
        return err({ message: this.#texts.dismissed, isCancelled: true });
      case 'cannot-ask':
        return err({ message: `${this.#texts.noPrompt} ${this.#commandLine(action)}`, isCancelled: false });
      case 'failed':
        this.#options.onFault(new Error(`service-setup.sh ${action}: ${outcome.stderr}`));
        return this.#failed(action, lastLine(outcome.stderr));
    }
  }

  /** A failed install has undone itself, so its cause is what helps; what a removal left takes a person. */
  #failed(action: Action, cause: string): Result<null, ShellError> {
    const message =
      action === 'install'
        ? `${this.#texts.failed} ${cause}`.trim()
        : `${this.#texts.removeFailed} ${this.#commandLine(action)}`;
    return err({ message, isCancelled: false });
  }

  /** The same by hand. The user copies, since an AppImage's files are out of root's reach. */
  #commandLine(action: Action): string {
    const { payloadDir, userName } = this.#options;
    const user = action === 'install' ? ` --user ${shellQuoted(userName)}` : '';
    const copy = `d=$(mktemp -d) && cp -r ${shellQuoted(payloadDir)}/. "$d"`;
    return `${copy} && sudo sh "$d/service-setup.sh" ${action}${user}`;
  }
}

/** What root runs: copy, compare, then the script out of the compared copy. */
export function setupScript(run: {
  readonly action: Action;
  readonly stageDir: string;
  /** SHA-256 of the file SHA256SUMS, in hexadecimal. */
  readonly digest: string;
  readonly userName: string;
}): string {
  const user = run.action === 'install' ? ` --user ${shellQuoted(run.userName)}` : '';
  return [
    'set -eu',
    'umask 022',
    'dir=$(mktemp -d /tmp/bowline-root-XXXXXXXX)',
    `trap 'rm -rf -- "$dir"' EXIT`,
    `cp -RL -- ${shellQuoted(run.stageDir)}/. "$dir"`,
    'cd -- "$dir"',
    `echo ${shellQuoted(`${run.digest}  SHA256SUMS`)} | sha256sum --check --quiet --strict -`,
    'sha256sum --check --quiet --strict SHA256SUMS',
    `sh ./service-setup.sh ${run.action}${user}`,
    '',
  ].join('\n');
}

/**
 * One line without any character that a shell knows: the prompt's helper puts the command between double quotes of
 * a shell that runs as the user, which would expand `$` before root sees it.
 */
export function rootCommand(script: string): string {
  return `echo ${Buffer.from(script).toString('base64')} | base64 -d | /bin/sh -s`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
