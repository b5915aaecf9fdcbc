import type { DesktopTexts } from '../../src-shared/i18n/desktop-texts.ts';
import type { LogFile } from './log-file.ts';

/** At most one message in this time: an error that repeats would cover the screen. */
const MESSAGE_PAUSE_MS = 600_000;

/** What the reporter needs from around it. */
export interface FaultReporterOptions {
  readonly log: LogFile;
  readonly now: () => number;
  readonly texts: () => DesktopTexts;
  /** Shows a message without taking the focus. */
  readonly tell: (title: string, body: string) => void;
}

/**
 * Takes the errors that nobody expected. The stack goes to the log file; a person gets one sentence that says what it
 * means for them and where to look. The app goes on: protection is the daemon's, and a tray that still works is worth
 * more than a clean end.
 */
export class FaultReporter {
  readonly #options: FaultReporterOptions;
  #toldAt: number | null = null;

  constructor(options: FaultReporterOptions) {
    this.#options = options;
  }

  /** Reports an error. */
  report(where: string, error: unknown): void {
    const { log, now, tell, texts } = this.#options;
    log.write('error', 'unexpected', { where, ...describe(error) });
    const isTooSoon = this.#toldAt !== null && now() - this.#toldAt < MESSAGE_PAUSE_MS;
    if (isTooSoon) return;
    this.#toldAt = now();
    const { unexpected, unexpectedDetail } = texts();
    try {
      tell(unexpected, unexpectedDetail(log.path));
    } catch (failure) {
      // Thrown on from here, it would end the process without a word.
      log.write('error', 'not-told', describe(failure));
    }
  }
}

function describe(error: unknown): { message: string; stack: string | null } {
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? null };
  return { message: String(error), stack: null };
}
