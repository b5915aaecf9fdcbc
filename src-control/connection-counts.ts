/** What to do with a client that connects: serve it, tell it that it is one too many, or end it without a word. */
export type Admission = 'serve' | 'refuse' | 'drop';

/** More windows and scripts than one person runs; beyond that somebody is looping. */
export const MAX_CLIENTS_OF_USER = 16;

/** Of all users together, but for those who may configure: they still get in when everybody else is looping. */
export const MAX_CLIENTS = 48;

/** Clients that are told that they are too many also need a socket until they have read it; beyond this, no word. */
const DROP_FACTOR = 2;

/** Counts a control server's connections, so that no user takes those of others. */
export class ConnectionCounts {
  readonly #byUser = new Map<number, number>();
  #others = 0;

  /** Counts a connection in, unless the answer is `drop`. */
  enter(userId: number, mayConfigure: boolean): Admission {
    const ofUser = this.#byUser.get(userId) ?? 0;
    const share = Math.max(
      ofUser / (mayConfigure ? MAX_CLIENTS : MAX_CLIENTS_OF_USER),
      mayConfigure ? 0 : this.#others / MAX_CLIENTS,
    );
    if (share >= DROP_FACTOR) return 'drop';
    this.#byUser.set(userId, ofUser + 1);
    if (!mayConfigure) this.#others += 1;
    return share >= 1 ? 'refuse' : 'serve';
  }

  /** Counts out a connection that was counted in with the same arguments. */
  leave(userId: number, mayConfigure: boolean): void {
    const left = (this.#byUser.get(userId) ?? 0) - 1;
    if (left > 0) this.#byUser.set(userId, left);
    else this.#byUser.delete(userId);
    if (!mayConfigure) this.#others -= 1;
  }
}
