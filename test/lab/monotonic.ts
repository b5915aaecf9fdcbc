/**
 * Tells CLOCK_MONOTONIC in microseconds, the one clock of the lab: every process of one machine reads the same
 * value, so that stamps of faults, senders and receivers compare.
 *
 * `performance.now()` reads the same clock without allocating; only its origin differs, which is fixed once.
 */
export function monotonicMicros(): number {
  return performance.now() * 1000 + ORIGIN_MICROS;
}

const ORIGIN_MICROS = measureOrigin();

function measureOrigin(): number {
  let origin = Infinity;
  // Any delay between the two readings makes the difference too large, never too small: the least is the best. The
  // first readings are slow, since both clocks are loaded on first use.
  for (let reading = 0; reading < 20; reading++) {
    const now = performance.now() * 1000;
    origin = Math.min(origin, Number(process.hrtime.bigint()) / 1000 - now);
  }
  return origin;
}
