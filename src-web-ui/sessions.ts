import { randomBytes, timingSafeEqual } from 'node:crypto';

/** 144 bits: nobody guesses that, and it is short enough for an address in a terminal. */
const SECRET_BYTES = 18;

/** Windows that have been opened and may come back; beyond this the oldest has to be opened anew. */
const MAX_SESSIONS = 64;

/** Who may open a window: whoever has an unused token, or the key of a session that a token opened. */
export class Sessions {
  #token = newSecret();
  #keys: string[] = [];

  /** The token that opens the next window. */
  get token(): string {
    return this.#token;
  }

  /** Uses the token up and hands back the key of a new session; null if it is not the token. */
  open(token: string): string | null {
    if (!isSame(token, this.#token)) return null;
    this.#token = newSecret();
    const key = newSecret();
    this.#keys = [...this.#keys, key].slice(-MAX_SESSIONS);
    return key;
  }

  /** Whether this is the key of an open session. */
  isOpen(key: string): boolean {
    return this.#keys.some((known) => isSame(key, known));
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Compares in the same time whatever is different. */
function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
