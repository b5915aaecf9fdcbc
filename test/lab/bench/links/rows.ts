import type { DirectionShape, LinkName, LinkShape } from '../../home-plan.ts';
import type { LinksContenderName } from './contenders.ts';

/** One pair of links on which bonding is measured, and what it has to reach. */
export interface Row {
  /** For `--rows`. */
  readonly name: string;
  readonly label: string;
  readonly links: Readonly<Record<LinkName, LinkShape>>;
  /** Links that MPTCP and Bowline use. */
  readonly used: readonly LinkName[];
  readonly contenders: readonly LinksContenderName[];
  /**
   * What shares are of: what plain TCP carried over both links, or over the better one, or over the link while it lost
   * nothing; or what Bowline carries over one of the links.
   */
  readonly measure: 'sum' | 'best' | 'lossless' | 'one path';
  readonly leastOneStream: number;
  readonly leastFourStreams: number;
}

const BOTH = ['eth0', 'wlan0'] as const;
const ALL = ['eth0', 'wlan0', 'mptcp', 'bowline'] as const;

/** A link with the queue that home routers and access points keep: 50 ms. Delay and jitter are one way. */
function link(megabits: number, delayMs: number, jitterMs = 0, lossRatio = 0): DirectionShape {
  return { rateBitsPerSecond: megabits * 1e6, queueMs: 50, delayMs, jitterMs, lossRatio };
}

/** From the easiest to the hardest. */
export const ROWS: readonly Row[] = [
  {
    name: 'equal',
    label: '100 + 100 Mbit/s, 1 ms each',
    links: { eth0: link(100, 1), wlan0: link(100, 1) },
    used: BOTH,
    contenders: ALL,
    measure: 'sum',
    leastOneStream: 0.95,
    leastFourStreams: 0.96,
  },
  {
    name: 'wifi',
    label: '200 Mbit/s 1 ms + 80 Mbit/s 12 ms, jitter 4 ms',
    links: { eth0: link(200, 1), wlan0: link(80, 12, 4) },
    used: BOTH,
    contenders: ALL,
    measure: 'sum',
    leastOneStream: 0.94,
    leastFourStreams: 0.95,
  },
  {
    name: 'far-server',
    label: '200 Mbit/s 11 ms + 80 Mbit/s 22 ms, jitter 4 ms: the same with a server 10 ms away',
    links: { eth0: link(200, 11), wlan0: link(80, 22, 4) },
    used: BOTH,
    contenders: ALL,
    measure: 'sum',
    leastOneStream: 0.94,
    leastFourStreams: 0.95,
  },
  {
    name: 'weak-wifi',
    label: '300 Mbit/s 1 ms + 40 Mbit/s 20 ms, jitter 10 ms, 1 % loss',
    links: { eth0: link(300, 1), wlan0: link(40, 20, 10, 0.01) },
    used: BOTH,
    contenders: ALL,
    measure: 'best',
    leastOneStream: 0.97,
    leastFourStreams: 0.97,
  },
  {
    name: 'hopeless',
    label: '100 Mbit/s 1 ms + 2 Mbit/s 80 ms',
    links: { eth0: link(100, 1), wlan0: link(2, 80) },
    used: BOTH,
    contenders: ALL,
    measure: 'best',
    leastOneStream: 0.97,
    leastFourStreams: 0.97,
  },
  {
    name: 'fibre-5g',
    label: '100 Mbit/s 15 ms + 30 Mbit/s 45 ms',
    links: { eth0: link(100, 15), wlan0: link(30, 45) },
    used: BOTH,
    contenders: ALL,
    measure: 'sum',
    leastOneStream: 0.92,
    leastFourStreams: 0.94,
  },
  {
    name: 'lossy',
    label: '100 Mbit/s with 1 % loss, alone',
    links: { eth0: link(100, 1, 0, 0.01), wlan0: null },
    used: ['eth0'],
    contenders: ['eth0', 'mptcp', 'bowline'],
    measure: 'lossless',
    leastOneStream: 0.93,
    leastFourStreams: 0.93,
  },
  {
    name: 'unshaped',
    label: '2 x unshaped',
    links: { eth0: null, wlan0: null },
    used: BOTH,
    contenders: ['one-path', 'bowline'],
    measure: 'one path',
    leastOneStream: 1,
    leastFourStreams: 1,
  },
];
