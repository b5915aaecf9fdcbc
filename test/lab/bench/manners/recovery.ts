/**
 * Tells how long after a step goodput is again at a level, in milliseconds: until the first bin from which on it stays
 * there. It stays there while the mean of each bin and the next two does: what arrives late holds back what follows, so
 * that an empty bin and a double one often make two good ones.
 *
 * @param bins goodput of bins of equal length, the first beginning at the step, the last ending before the next one.
 * @returns the whole time when it never stays there.
 */
export function recoveryMs(bins: readonly number[], binMs: number, level: number): number {
  let recovered = bins.length;
  for (let index = bins.length - 1; index >= 0; index--) {
    // At the end the window reaches back, so that the last bins are judged with as many others.
    const first = Math.min(index, Math.max(0, bins.length - WINDOW_BINS));
    const window = bins.slice(first, first + WINDOW_BINS);
    if (window.reduce((sum, value) => sum + value, 0) / window.length < level) break;
    recovered = index;
  }
  return recovered * binMs;
}

const WINDOW_BINS = 3;
