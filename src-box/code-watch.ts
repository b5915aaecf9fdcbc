import type { ControlError } from '../src-shared/control/error.ts';
import type { BoxStatus } from '../src-shared/model/box-status.ts';
import type { ShownCode } from '../src-shared/model/pairing.ts';
import type { Result } from '../src-shared/util/result.ts';

/** What the watch needs from around it. */
export interface CodeWatchParts {
  readonly status: () => Promise<Result<BoxStatus, ControlError>>;
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Settles a second later. */
  readonly nextSecond: () => Promise<void>;
  /** Writes to the terminal as it is. */
  readonly write: (text: string) => void;
}

/**
 * Counts down beneath a code that is shown in a terminal, and ends with what became of the code. Only the box knows
 * that: a code ends by its use and by wrong tries too.
 *
 * @returns the exit status: 0 if a laptop has used the code
 */
export async function watchCode(shown: ShownCode, parts: CodeWatchParts): Promise<number> {
  const { status, now, nextSecond, write } = parts;
  write('Ctrl-C ends this; the code stays valid.\n');
  for (;;) {
    const answer = await status();
    if (!answer.ok) {
      write(`${CLEARED_LINE}The box does not answer any more: ${answer.error.message}\n`);
      return 1;
    }
    const end = endOf(shown, answer.value.pairing);
    if (end !== null) {
      write(`${CLEARED_LINE}${end.text}\n`);
      return end.isPaired ? 0 : 1;
    }
    write(`${CLEARED_LINE}${describeTimeLeft(Date.parse(shown.expiresAt) - now())}`);
    await nextSecond();
  }
}

/** Says how long a code is still good: `4:59 left`. */
export function describeTimeLeft(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
}

function endOf(
  shown: ShownCode,
  { open, lastCode }: BoxStatus['pairing'],
): { readonly text: string; readonly isPaired: boolean } | null {
  if (open !== null) {
    // Both times come from one moment on another clock, a few milliseconds apart.
    const isOurs = Math.abs(Date.parse(open.expiresAt) - Date.parse(shown.expiresAt)) < SAME_CODE_MS;
    return isOurs ? null : { text: 'Another code was asked for and has replaced this one.', isPaired: false };
  }
  switch (lastCode) {
    case 'used':
      return { text: 'A laptop has used the code; bowline-box peers lists it.', isPaired: true };
    case 'burnt':
      return { text: `Three wrong codes were tried, so this one is void. ${AGAIN}`, isPaired: false };
    case 'expired':
      return { text: `The code has run out. ${AGAIN}`, isPaired: false };
    case 'none':
      return { text: `The box was started again and has forgotten the code. ${AGAIN}`, isPaired: false };
  }
}

const AGAIN = 'For a new one: bowline-box pair';

/** Two codes are at least a keystroke apart; two readings of one differ by milliseconds. */
const SAME_CODE_MS = 200;

/** To the start of the line, and clear it. */
const CLEARED_LINE = '\r\u001b[K';
