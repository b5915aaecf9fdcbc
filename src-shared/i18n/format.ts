import type { BitsPerSecond, Micros, Ratio, WallClockMs } from '../model/units.ts';

/** Numbers with their units, as one language writes them. */
export interface Format {
  /** With the unit that keeps two or three digits: `8.3 ms`, `40 ms`, `2.5 s`, `3 min`. */
  readonly duration: (duration: Micros) => string;
  /** In decimal units, as network gear does: `0 bit/s`, `640 kbit/s`, `1.2 Gbit/s`. */
  readonly rate: (rate: BitsPerSecond) => string;
  /** In decimal units: `1,472 B`, `56 kB`. */
  readonly size: (bytes: number) => string;
  /** In percent; anything above zero is never shown as 0%. */
  readonly ratio: (ratio: Ratio) => string;
  /** A whole number with its thousands apart. */
  readonly count: (count: number) => string;
  /** The time of day, in the local time zone: `14:02`. */
  readonly timeOfDay: (at: WallClockMs) => string;
  /** The time of day to the second: `14:02:07`. */
  readonly exactTime: (at: WallClockMs) => string;
  /** The day: `Monday, 3 March`. */
  readonly day: (at: WallClockMs) => string;
}

/** Makes the formats of one language. */
export function createFormat(language: string): Format {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0, useGrouping: false });
  const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const counts = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const percents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const wholePercents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const days = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
  const threeDigits = (value: number): string => (value < 9.95 ? tenths : whole).format(value);

  const timeOfDay = (at: WallClockMs): string => {
    const date = new Date(at);
    return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  };
  return {
    duration(duration) {
      const ms = duration / 1000;
      if (ms < 0.1) return `${whole.format(duration)} µs`;
      if (ms < 999.5) return `${threeDigits(ms)} ms`;
      const seconds = ms / 1000;
      if (seconds < 119.5) return `${threeDigits(seconds)} s`;
      const minutes = Math.round(seconds / 60);
      return minutes < 120 ? `${whole.format(minutes)} min` : `${whole.format(minutes / 60)} h`;
    },
    rate(rate) {
      if (rate < 999.5) return `${whole.format(rate)} bit/s`;
      if (rate < 999_500) return `${threeDigits(rate / 1e3)} kbit/s`;
      if (rate < 999_500_000) return `${threeDigits(rate / 1e6)} Mbit/s`;
      return `${threeDigits(rate / 1e9)} Gbit/s`;
    },
    size(bytes) {
      if (bytes < 9_950) return `${counts.format(bytes)} B`;
      if (bytes < 999_500) return `${whole.format(bytes / 1e3)} kB`;
      return `${threeDigits(bytes / 1e6)} MB`;
    },
    ratio(ratio) {
      if (ratio <= 0) return wholePercents.format(0);
      if (ratio < 0.001) return `<${percents.format(0.001)}`;
      return (ratio < 0.0995 ? percents : wholePercents).format(ratio);
    },
    count: (count) => counts.format(count),
    timeOfDay,
    exactTime: (at) => `${timeOfDay(at)}:${twoDigits(new Date(at).getSeconds())}`,
    day: (at) => days.format(at),
  };
}

/** Numbers as the command line and the logs write them. */
export const englishFormat: Format = createFormat('en');

export const formatDuration = englishFormat.duration;
export const formatRate = englishFormat.rate;
export const formatRatio = englishFormat.ratio;
export const formatTimeOfDay = englishFormat.timeOfDay;

/** Formats a date with the time of day, in the local time zone: `2026-11-22 14:02:09`. */
export function formatDateTime(at: WallClockMs): string {
  const date = new Date(at);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${englishFormat.exactTime(at)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
