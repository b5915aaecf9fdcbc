import type { FrameFate } from '../../emulator/link-emulator.ts';
import type { PacketTimes } from './packets.ts';

/** One link that a packet may have been sent over. */
export interface CopyLink {
  readonly delayMs: number;
  /** Of every frame that is long enough to hold a packet, in the order of their arrival at the link. */
  readonly fates: readonly FrameFate[];
}

/** What became of the copies of all packets one way. */
export interface CopiesReport {
  /** Packets that were never answered. */
  readonly lost: number;
  /** Packets that some link was never given. */
  readonly uncopied: number;
  /** Packets whose every copy was lost by its link. */
  readonly bothLost: number;
  /** Of the others: time from when the link gave out the faster copy to when the packet was there, in milliseconds. */
  readonly afterCopyMs: readonly number[];
  /** Of the same: how much longer they took from program to program than the quickest link that did not lose them. */
  readonly afterLinkMs: readonly number[];
}

/**
 * Compares when packets came with when they could have come, by what the emulator did to the frames.
 *
 * Frames are sealed, so that a packet's copy is known by its time and size: on each link the first frame that is long
 * enough and came within 15 ms of the packet's leaving; packets leave every 20 ms, and pauses of the machine last 10.
 */
export function compareCopies(
  packets: readonly PacketTimes[],
  way: 'up' | 'down',
  links: readonly CopyLink[],
): CopiesReport {
  let [lost, uncopied, bothLost] = [0, 0, 0];
  const afterCopyMs: number[] = [];
  const afterLinkMs: number[] = [];
  for (const times of packets) {
    if (times === null) {
      lost++;
      continue;
    }
    const [sent, arrived] = way === 'up' ? [times[0], times[1]] : [times[1], times[2]];
    const copies = links.map(({ delayMs, fates }) => {
      const fate = fates.find(([at]) => at >= sent - CLOCK_MICROS && at < sent + COPY_MICROS);
      return fate === undefined ? null : { delayMs, dueMicros: fate[1] };
    });
    if (copies.includes(null)) uncopied++;
    const delivered = copies.flatMap((copy) => (copy !== null && copy.dueMicros > 0 ? [copy] : []));
    if (delivered.length === 0) bothLost++;
    else {
      afterCopyMs.push((arrived - Math.min(...delivered.map(({ dueMicros }) => dueMicros))) / 1000);
      afterLinkMs.push((arrived - sent) / 1000 - Math.min(...delivered.map(({ delayMs }) => delayMs)));
    }
  }
  return { lost, uncopied, bothLost, afterCopyMs, afterLinkMs };
}

/** Stamps are rounded to microseconds on either side. */
const CLOCK_MICROS = 2;
const COPY_MICROS = 15_000;
