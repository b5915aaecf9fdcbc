import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { desktopDe } from '../../src-shared/i18n/desktop-de.ts';
import { desktopEn } from '../../src-shared/i18n/desktop-en.ts';

/** Given to the app when the desktop starts it: only the tray, no window. */
export const HIDDEN_ARGUMENT = '--hidden';

/** Starts the app with the desktop, by the XDG autostart folder. */
export class Autostart {
  readonly #entryPath: string;
  readonly #executable: string;

  /**
   * @param configDir `XDG_CONFIG_HOME`
   * @param executable what starts the app: an absolute path, or the AppImage it came in
   */
  constructor(configDir: string, executable: string) {
    this.#entryPath = join(configDir, 'autostart', 'bowline.desktop');
    this.#executable = executable;
  }

  /** True if the desktop starts the app; an entry that the desktop's own settings switched off counts as absent. */
  get isEnabled(): boolean {
    const text = this.#read();
    return text !== null && !/^(Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/m.test(text);
  }

  /** Switches it on or off. @throws the system's error when the folder cannot be written */
  set(isWanted: boolean): void {
    if (!isWanted) {
      rmSync(this.#entryPath, { force: true });
      return;
    }
    mkdirSync(dirname(this.#entryPath), { recursive: true });
    const temporaryPath = `${this.#entryPath}.new`;
    writeFileSync(temporaryPath, autostartEntry(this.#executable), { mode: 0o644 });
    renameSync(temporaryPath, this.#entryPath);
  }

  /**
   * Points an entry whose program is gone to this one, as it is left by an AppImage that was replaced or moved.
   *
   * @throws the system's error when the folder cannot be written
   */
  follow(): void {
    const started = /^Exec=(.*)$/m.exec(this.#read() ?? '')?.[1];
    if (started === undefined || !this.isEnabled) return;
    const executable = firstArgument(started);
    if (executable !== null && !existsSync(executable)) this.set(true);
  }

  #read(): string | null {
    try {
      return readFileSync(this.#entryPath, 'utf8');
    } catch {
      // Not there, or not readable for the desktop either.
      return null;
    }
  }
}

/** The desktop entry; its escapes are those of the Desktop Entry Specification. */
export function autostartEntry(executable: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    `Name=${desktopEn.appName}`,
    `Comment=${desktopEn.autostartComment}`,
    `Comment[de]=${desktopDe.autostartComment}`,
    `Exec=${execArgument(executable)} ${HIDDEN_ARGUMENT}`,
    'Icon=bowline-app',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    'X-GNOME-Autostart-Delay=2',
    '',
  ].join('\n');
}

/** Quotes one argument of an Exec line: quotes first, then the escapes of a string value, and % for field codes. */
function execArgument(argument: string): string {
  const quoted = `"${argument.replaceAll(/["`$\\]/g, '\\$&')}"`;
  return quoted.replaceAll('\\', '\\\\').replaceAll('%', '%%');
}

/** What {@link execArgument} has quoted; null for a line that this app did not write. */
function firstArgument(line: string): string | null {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(line.replaceAll('%%', '%').replaceAll('\\\\', '\\'))?.[1];
  return quoted?.replaceAll(/\\(["`$\\])/g, '$1') ?? null;
}
