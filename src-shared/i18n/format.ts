import type { BitsPerSecond, Micros, Ratio, WallClockMs } from '../model/units.ts';

/** Formats a duration with the unit that keeps two or three digits: `8.3 ms`, `40 ms`, `2.5 s`, `3 min`. */
export function formatDuration(duration: Micros): string {
  const ms = duration / 1000;
  if (ms < 0.1) return `${Math.round(duration)} µs`;
  if (ms < 9.95) return `${oneDecimal(ms)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${oneDecimal(seconds)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** Formats a rate in decimal units, as network gear does: `0 bit/s`, `640 kbit/s`, `1.2 Gbit/s`. */
export function formatRate(rate: BitsPerSecond): string {
  if (rate < 999.5) return `${Math.round(rate)} bit/s`;
  if (rate < 999_500) return `${threeDigits(rate / 1e3)} kbit/s`;
  if (rate < 999_500_000) return `${threeDigits(rate / 1e6)} Mbit/s`;
  return `${threeDigits(rate / 1e9)} Gbit/s`;
}

/** Formats a share in percent; anything above zero is never shown as 0%. */
export function formatRatio(ratio: Ratio): string {
  if (ratio <= 0) return '0%';
  if (ratio < 0.001) return '<0.1%';
  return ratio < 0.0995 ? `${oneDecimal(ratio * 100)}%` : `${Math.round(ratio * 100)}%`;
}

/** Formats the time of day, in the local time zone: `14:02`. */
export function formatTimeOfDay(at: WallClockMs): string {
  const date = new Date(at);
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** Formats a date with the time of day, in the local time zone: `2026-11-22 14:02:09`. */
export function formatDateTime(at: WallClockMs): string {
  const date = new Date(at);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${formatTimeOfDay(at)}:${twoDigits(date.getSeconds())}`;
}

function oneDecimal(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

function threeDigits(value: number): string {
  return value < 9.95 ? oneDecimal(value) : String(Math.round(value));
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
