/*
 * What keeps a flood of initiations, or of pairing's questions, from costing more than it may. It decides before a byte of one is copied or hashed,
 * by counting in windows of a tenth of a second; what it holds does not grow with what comes.
 *
 * A flood from a few addresses exhausts their own shares. One from ever new addresses, which whoever is on the local
 * network can forge, exhausts the share of all strangers: then a newcomer is looked at with some luck, and repeats until
 * it is. The addresses of validated paths are no strangers, so a session can renew its keys in any flood but one that
 * comes from its own address and port.
 */
export class InitiationLimiter {
  private readonly bySource = new Uint8Array(SOURCES);
  private readonly byRemote = new Uint8Array(SOURCES);
  private windowStart = -Infinity;
  private strangers = 0;

  /**
   * Decides whether an initiation is looked at.
   * @param source any number that is equal for equal addresses, whatever the port; not for a sender to foretell.
   * @param remote handle of address and port.
   * @param isKnown whether a path of a session was validated at this remote.
   */
  admits(source: number, remote: number, isKnown: boolean, now: number): boolean {
    if (now - this.windowStart > WINDOW_MICROS) {
      this.windowStart = now;
      this.strangers = 0;
      this.bySource.fill(0);
      this.byRemote.fill(0);
    }
    if (isKnown) return countBelow(this.byRemote, remote);
    if (!countBelow(this.bySource, source)) return false;
    return ++this.strangers <= STRANGERS_PER_WINDOW;
  }
}

function countBelow(counts: Uint8Array, key: number): boolean {
  const at = key % SOURCES;
  if (counts[at]! === PER_SOURCE_AND_WINDOW) return false;
  counts[at]!++;
  return true;
}

const WINDOW_MICROS = 100_000;
/** Counters; senders that fall on the same one share it. A home has tens of machines, not thousands. */
const SOURCES = 1_024;
/** A laptop sends two initiations in this time over each of its paths, which may all come from one translated address. */
const PER_SOURCE_AND_WINDOW = 16;
/** 10,000 checks of a first MAC a second cost some 3 % of a core; half would double what a newcomer waits in a flood. */
const STRANGERS_PER_WINDOW = 1_000;
