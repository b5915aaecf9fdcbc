/**
 * Says from when on a silence counts for a window, or null if it does not.
 *
 * Windows that follow each other share all silences out among them. A fault at the start of a window cuts off a stream
 * whose last arrival is a little older, so a silence belongs to the window in which it began, where the last 20 ms
 * belong to the next window already. Of a silence that began earlier and is still there, the rest counts again.
 */
export function silenceStart(
  beganMicros: number,
  endedMicros: number,
  fromMicros: number,
  untilMicros: number,
): number | null {
  if (endedMicros <= fromMicros || beganMicros >= untilMicros - LEAD_MICROS) {
    return null;
  }
  return beganMicros < fromMicros - LEAD_MICROS ? fromMicros : beganMicros;
}

/**
 * The last arrival before a fault is older than the fault by one interval of the sender (up to 5 ms) and a pause of the
 * receiver (some ms on a crowded machine). Twice as much would hide a short silence just before a fault.
 */
const LEAD_MICROS = 20_000;
