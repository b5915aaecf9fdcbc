/** How many bytes may go out twice on a healthy day: a small share of what goes out once. */
export class CopyBudget {
  private bytes = MOST_BYTES;

  /** Books bytes that go out for the first time. */
  earn(bytes: number): void {
    this.bytes = Math.min(MOST_BYTES, this.bytes + bytes * SHARE);
  }

  /** Takes what a copy costs. @returns false if that is too much now. */
  spend(bytes: number): boolean {
    if (this.bytes < bytes) return false;
    this.bytes -= bytes;
    return true;
  }
}

/** Copies shall stay below 2 % of all bytes, those around switches included. */
const SHARE = 1 / 64;
/** One minute of a voice call, so that a call on an otherwise idle laptop starts covered. */
const MOST_BYTES = 512 * 1024;
