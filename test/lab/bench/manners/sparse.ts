import type { LinkName } from '../../home-plan.ts';
import { BenchHome } from '../bench-home.ts';
import { bulkRate, besideBulk } from './bulk.ts';
import type { Measure, Reading } from './measure.ts';
import { CALL, delayPercentileMs, sendPackets } from './packets.ts';
import { overBowline, overPlainLink, plainLink } from './setups.ts';

const ALONE_SECONDS = 8;
const BESIDE = { warmUpSeconds: 2, seconds: 8, streams: 1 } as const;
/** The probe starts, warms up and waits for what is late: the stream outlasts it. */
const PROBE_SECONDS = 1;

/** What is used at once; the first alone has a plain link to compare with. */
const SETS: readonly { readonly label: string; readonly links: readonly LinkName[] }[] = [
  { label: 'one link', links: ['eth0'] },
  { label: 'two links', links: ['eth0', 'wlan0'] },
];

/** One-way delays of a call beside one transfer. The 99th of a hundred: what a jitter buffer has to hold. */
export const sparse: Measure = {
  name: 'sparse',
  title:
    '50 packets/s beside one TCP stream; links of 100 Mbit/s, 1 ms, with queues of 100 ms; bonded; one way',
  columns: [
    { name: 'alone', label: 'alone p99, ms', digits: 1 },
    { name: 'beside', label: 'beside p99, ms', digits: 1 },
    { name: 'over', label: 'more, ms', digits: 1 },
    { name: 'back', label: 'more against the stream, ms', digits: 1 },
    { name: 'lost', label: 'lost', digits: 0 },
    { name: 'rate', label: 'Mbit/s', digits: 1 },
  ],
  targets: [
    { text: 'One transfer delays 50 packets/s by at most 5 ms at p99', column: 'over', most: 5 },
    { text: 'One transfer delays 50 packets/s against its direction by as little', column: 'back', most: 5 },
  ],
  seconds: 95,
  run: async (_, signal): Promise<readonly Reading[]> => {
    const link = plainLink(100, 1, 100);
    await using bench = await BenchHome.create({ eth0: link, wlan0: link });
    const plain = await overPlainLink(bench, 'eth0', signal, () =>
      measureBeside(bench, 'plain link', ['up'], signal),
    );
    const readings: Reading[] = [];
    for (const { label, links } of SETS) {
      const setting = { mode: 'bonded', links } as const;
      readings.push(
        ...(await overBowline(bench, setting, signal, () =>
          measureBeside(bench, label, ['up', 'down'], signal),
        )),
      );
    }
    // A plain link is there to compare with: no target is for it.
    const unjudged = plain.map(({ line, figures: { over: _over, back: _back, ...figures } }) => ({
      line,
      figures,
    }));
    return [...readings, ...unjudged];
  },
};

async function measureBeside(
  bench: BenchHome,
  label: string,
  directions: readonly ('up' | 'down')[],
  signal: AbortSignal,
): Promise<readonly Reading[]> {
  const alone = await sendPackets(bench, { ...CALL, seconds: ALONE_SECONDS }, signal);
  const readings: Reading[] = [];
  for (const direction of directions) {
    const plan = { ...BESIDE, direction, seconds: BESIDE.seconds + PROBE_SECONDS };
    const { result: beside, bulk } = await besideBulk(bench, plan, signal, () =>
      sendPackets(bench, { ...CALL, seconds: BESIDE.seconds }, signal),
    );
    const against = direction === 'up' ? 'down' : 'up';
    const [aloneMs, besideMs] = [alone, beside].map((packets) => delayPercentileMs(packets, direction, 0.99));
    const [aloneBackMs, besideBackMs] = [alone, beside].map((packets) =>
      delayPercentileMs(packets, against, 0.99),
    );
    readings.push({
      line: `${label}, stream ${direction}`,
      figures: {
        alone: aloneMs ?? 0,
        beside: besideMs ?? 0,
        over: (besideMs ?? 0) - (aloneMs ?? 0),
        back: (besideBackMs ?? 0) - (aloneBackMs ?? 0),
        lost: beside.filter((times) => times === null).length,
        rate: bulkRate(bulk, BESIDE.warmUpSeconds, BESIDE.seconds) / 1e6,
      },
    });
  }
  return readings;
}
