/** Figures as text, each in the unit that tables use. */

/** Whole Mbit/s. */
export function megabits(bitsPerSecond: number): string {
  return count(bitsPerSecond / 1e6);
}

/** Whole numbers with a comma between thousands. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Per cent of one core, without the sign. */
export function cores(value: number): string {
  const percent = value * 100;
  if (percent >= 10) return percent.toFixed(0);
  return percent.toFixed(percent < 2 ? 2 : 1);
}

/** Per cent, without the sign. */
export function share(value: number): string {
  return (value * 100).toFixed(0);
}

/** Megabytes. */
export function bytes(value: number): string {
  return (value / 1e6).toFixed(0);
}

/** Milliseconds from microseconds. */
export function millis(micros: number): string {
  return (micros / 1000).toFixed(2);
}

/** A multiple: 8.15x. */
export function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`;
}
