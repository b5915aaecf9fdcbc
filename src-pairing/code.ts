/** Digits of a pairing code: one guess hits with a chance of 1 in 10^8. */
export const CODE_DIGITS = 8;

const CODES = 10 ** CODE_DIGITS;
/** The largest multiple of 10^8 that four bytes hold; above it, the remainder would favour small codes. */
const UNBIASED_LIMIT = Math.floor(2 ** 32 / CODES) * CODES;

/**
 * Makes a code in which every one of the 10^8 is equally likely.
 * @param random returns that many bytes of cryptographic quality.
 */
export function makeCode(random: (bytes: number) => Uint8Array): string {
  for (;;) {
    const [a = 0, b = 0, c = 0, d = 0] = random(4);
    const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if (number < UNBIASED_LIMIT) return String(number % CODES).padStart(CODE_DIGITS, '0');
  }
}
