import { BenchHome } from '../bench-home.ts';
import { percentile } from '../statistics.ts';
import { compareCopies } from './copies.ts';
import type { Measure, Reading } from './measure.ts';
import { CALL, delaysMs, sendPackets } from './packets.ts';
import { overBowline, overPlainLink, plainLink } from './setups.ts';

const LINKS = [
  { name: 'eth0', delayMs: 1 },
  { name: 'wlan0', delayMs: 5 },
] as const;
const LOSS_RATIO = 0.05;
const PLAIN_SECONDS = 30;
const WARM_UP_SECONDS = 8;
const SECONDS = 30;
const MOST_LATE_MS = 2;
/** IPv4 and UDP of the packet, Ethernet, IPv4 and UDP of the datagram around it. */
const HEAD_BYTES = 28 + 42;

/** A call sent over both of two bad links. */
export const redundant: Measure = {
  name: 'redundant',
  title:
    '50 packets/s, redundant; 1 ms and 5 ms, each link loses 5 %; late is what comes more than 2 ms after the link ' +
    'gave out the faster copy; way: from program to program, more than the delay of that link; on the plain link, which ' +
    'loses nothing, the same packets are late by this machine alone',
  columns: [
    { name: 'packets', label: 'packets', digits: 0 },
    { name: 'lost', label: 'lost', digits: 0 },
    { name: 'bothLost', label: 'lost by both links', digits: 0 },
    { name: 'uncopied', label: 'not sent twice', digits: 0 },
    { name: 'late', label: 'late', digits: 0 },
    { name: 'p99', label: 'p99, ms', digits: 2 },
    { name: 'worst', label: 'worst, ms', digits: 2 },
    { name: 'wayP99', label: 'way p99, ms', digits: 2 },
    { name: 'wayWorst', label: 'worst, ms', digits: 2 },
    { name: 'rawLate', label: 'plain link, late', digits: 0 },
    { name: 'rawP99', label: 'way p99, ms', digits: 2 },
    { name: 'rawWorst', label: 'worst, ms', digits: 2 },
  ],
  targets: [
    { text: 'redundant loses none of 50 packets/s', column: 'lost', most: 0 },
    { text: 'redundant sends every packet over both links', column: 'uncopied', most: 0 },
    { text: 'redundant delivers all within 2 ms of the faster copy', column: 'late', most: 0 },
  ],
  seconds: 12 + PLAIN_SECONDS + WARM_UP_SECONDS + SECONDS,
  run: async (_, signal): Promise<readonly Reading[]> => {
    await using bench = await BenchHome.create({
      eth0: { ...plainLink(100, LINKS[0].delayMs, 50), lossRatio: LOSS_RATIO },
      wlan0: { ...plainLink(100, LINKS[1].delayMs, 50), lossRatio: LOSS_RATIO },
    });
    await bench.changeLink('eth0', { lossRatio: 0 });
    const plain = await overPlainLink(bench, 'eth0', signal, () =>
      sendPackets(bench, { ...CALL, seconds: PLAIN_SECONDS }, signal),
    );
    await bench.changeLink('eth0', { lossRatio: LOSS_RATIO });

    const setting = { mode: 'redundant', links: LINKS.map(({ name }) => name) } as const;
    const packets = await overBowline(bench, setting, signal, async () => {
      // A daemon that has just been started is still being compiled, which takes milliseconds of some packets.
      await sendPackets(bench, { ...CALL, seconds: WARM_UP_SECONDS }, signal);
      for (const { name } of LINKS) await bench.emulator.record(name, CALL.payloadBytes + HEAD_BYTES);
      return sendPackets(bench, { ...CALL, seconds: SECONDS }, signal);
    });
    const fates = await Promise.all(LINKS.map(({ name }) => bench.emulator.fates(name)));
    return (['up', 'down'] as const).map((way) => {
      const links = LINKS.map(({ delayMs }, index) => ({ delayMs, fates: fates[index]?.[way] ?? [] }));
      const { lost, uncopied, bothLost, afterCopyMs, afterLinkMs } = compareCopies(packets, way, links);
      const plainMs = delaysMs(plain, way).map((delay) => delay - LINKS[0].delayMs);
      return {
        line: way,
        figures: {
          packets: packets.length,
          lost,
          uncopied,
          bothLost,
          late: afterCopyMs.filter((late) => late > MOST_LATE_MS).length,
          p99: percentile(afterCopyMs, 0.99),
          worst: Math.max(...afterCopyMs),
          wayP99: percentile(afterLinkMs, 0.99),
          wayWorst: Math.max(...afterLinkMs),
          rawLate: plainMs.filter((late) => late > MOST_LATE_MS).length,
          rawP99: percentile(plainMs, 0.99),
          rawWorst: Math.max(...plainMs),
        },
      };
    });
  },
};
