import type { LinkName } from '../../home-plan.ts';
import { BenchHome } from '../bench-home.ts';
import { readStatus } from '../contenders/bowline.ts';
import { pause } from '../machine.ts';
import { startBulk } from './bulk.ts';
import type { BulkPlan } from './bulk.ts';
import type { Measure, Reading } from './measure.ts';
import { CALL, sendPackets } from './packets.ts';
import { overBowline, plainLink } from './setups.ts';

const LINKS = ['eth0', 'wlan0'] as const;
const ONE_LINK_SECONDS = 20;
const SECONDS = 60;
const MOST_PERCENT = 2;

/** How much of what two healthy links carry is there twice, in an hour's traffic made short. */
export const duplicates: Measure = {
  name: 'duplicates',
  title:
    `A call, pages and a download over ${SECONDS} s, seamless; links of 100 Mbit/s 1 ms and 80 Mbit/s 4 ms; ` +
    'copies by the links: what they carry for each byte inside, more than one link alone does',
  columns: [
    { name: 'status', label: 'copies by the daemon, %', digits: 2 },
    { name: 'counted', label: 'copies by the links, %', digits: 2 },
    { name: 'second', label: 'bytes on the second link, %', digits: 2 },
    { name: 'inside', label: 'MB inside', digits: 0 },
    { name: 'heads', label: 'one link carries more than inside, %', digits: 2 },
  ],
  targets: [
    {
      text: 'seamless duplicates < 2 % of bytes, by its own counter',
      column: 'status',
      most: MOST_PERCENT,
    },
    {
      text: 'seamless duplicates < 2 % of bytes, by the links',
      column: 'counted',
      line: 'both',
      most: MOST_PERCENT,
    },
  ],
  seconds: 15 + ONE_LINK_SECONDS + SECONDS,
  run: async (_, signal): Promise<readonly Reading[]> => {
    await using bench = await BenchHome.create({
      eth0: plainLink(100, 1, 50),
      wlan0: plainLink(80, 4, 50),
    });
    const measure = (links: readonly LinkName[], seconds: number): Promise<Carried> =>
      overBowline(bench, { mode: 'seamless', links }, signal, async () => {
        await pause(SETTLE_MS, signal);
        const before = await readBytes(bench);
        await carryMix(bench, seconds, signal);
        const after = await readBytes(bench);
        const { counters } = await readStatus(bench, bench.laptop);
        return { bytes: subtract(after, before), statusRatio: counters.bytesDuplicatedRatio };
      });
    const one = await measure(['eth0'], ONE_LINK_SECONDS);
    const two = await measure(LINKS, SECONDS);
    return (['up', 'down', 'both'] as const).map((way) => {
      const [alone, both] = [one.bytes, two.bytes].map((bytes) =>
        way === 'both' ? add(bytes.up, bytes.down) : bytes[way],
      ) as [WayBytes, WayBytes];
      const heads = (alone.eth0 + alone.wlan0) / alone.inside;
      const outside = both.eth0 + both.wlan0;
      return {
        line: way,
        figures: {
          counted: (outside / both.inside / heads - 1) * 100,
          second: (both.wlan0 / outside) * 100,
          inside: both.inside / 1e6,
          heads: (heads - 1) * 100,
          // The daemon counts what it sends itself.
          ...(way === 'up' && { status: two.statusRatio * 100 }),
        },
      };
    });
  },
};

interface Carried {
  readonly bytes: Bytes;
  readonly statusRatio: number;
}

/** A call all the time, six short connections every two seconds as of a page, a download in the second third. */
async function carryMix(bench: BenchHome, seconds: number, signal: AbortSignal): Promise<void> {
  const carry = async (plan: BulkPlan): Promise<void> => {
    const bulk = await startBulk(bench, plan, signal);
    try {
      await bulk.result();
    } finally {
      await bulk.stop();
    }
  };
  const browse = async (): Promise<void> => {
    const until = performance.now() + seconds * 1000 - PAGE_MS;
    while (performance.now() < until) {
      await carry({ direction: 'down', streams: 6, seconds: 0.15 });
      await carry({ direction: 'up', streams: 1, seconds: 0.1 });
      await pause(PAGE_MS, signal);
    }
  };
  const download = async (): Promise<void> => {
    await pause((seconds * 1000) / 3, signal);
    await carry({ direction: 'down', streams: 1, seconds: seconds / 3 });
  };
  await Promise.all([sendPackets(bench, { ...CALL, seconds }, signal), browse(), download()]);
}

interface WayBytes {
  readonly inside: number;
  readonly eth0: number;
  readonly wlan0: number;
}
type Bytes = Readonly<Record<'up' | 'down', WayBytes>>;

interface DeviceRow {
  readonly ifname: string;
  readonly stats64: Readonly<Record<'rx' | 'tx', { readonly bytes: number }>>;
}

/** Reads the kernel's counters of the links and of the tunnel's device. */
async function readBytes(bench: BenchHome): Promise<Bytes> {
  const rows = JSON.parse(await bench.laptop.run('ip', ['-j', '-s', 'link', 'show'])) as readonly DeviceRow[];
  const of = (isWanted: (name: string) => boolean): DeviceRow => {
    const row = rows.find(({ ifname }) => isWanted(ifname));
    if (row === undefined) throw new Error('a device is missing on the laptop');
    return row;
  };
  const [inside, eth0, wlan0] = [
    of((name) => name.startsWith('bowline')),
    of((name) => name === 'eth0'),
    of((name) => name === 'wlan0'),
  ];
  const read = (way: 'rx' | 'tx'): WayBytes => ({
    inside: inside.stats64[way].bytes,
    eth0: eth0.stats64[way].bytes,
    wlan0: wlan0.stats64[way].bytes,
  });
  return { up: read('tx'), down: read('rx') };
}

function subtract(after: Bytes, before: Bytes): Bytes {
  const negative = ({ inside, eth0, wlan0 }: WayBytes): WayBytes => ({
    inside: -inside,
    eth0: -eth0,
    wlan0: -wlan0,
  });
  return { up: add(after.up, negative(before.up)), down: add(after.down, negative(before.down)) };
}

function add(one: WayBytes, other: WayBytes): WayBytes {
  return {
    inside: one.inside + other.inside,
    eth0: one.eth0 + other.eth0,
    wlan0: one.wlan0 + other.wlan0,
  };
}

/** A page every so often. */
const PAGE_MS = 1500;
/** Paths measure their rates and datagram sizes at the beginning. */
const SETTLE_MS = 3000;
