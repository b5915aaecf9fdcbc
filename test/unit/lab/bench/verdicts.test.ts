import { expect, test } from 'vitest';
import { FigureTable } from '../../../lab/bench/figures.ts';
import type { Figures } from '../../../lab/bench/figures.ts';
import { judge } from '../../../lab/bench/verdicts.ts';

const GOOD: Figures = {
  tcpUpBitsPerSecond: 2400e6,
  tcpDownBitsPerSecond: 2400e6,
  udpArrivedPerSecond: 119_000,
  udpIperfArrivedPerSecond: 90_000,
  pacedUpBitsPerSecond: 100e6,
  pacedUpLaptopCores: 0.12,
  pacedUpBoxCores: 0.12,
  pacedDownBitsPerSecond: 100e6,
  pacedDownLaptopCores: 0.12,
  pacedDownBoxCores: 0.12,
  idleLaptopCores: 0.005,
  idleBoxCores: 0.005,
  idleLaptopBytes: 80e6,
  idleBoxBytes: 80e6,
  twoLaptopsUpFirstShare: 0.48,
  twoLaptopsDownFirstShare: 0.52,
};

test('every target is met by figures on its good side', () => {
  expect(outcomes({})).toEqual(new Array(8).fill('met'));
});

test.each<[string, Figures, number]>([
  ['a stream slow in one direction alone', { tcpDownBitsPerSecond: 1900e6 }, 0],
  ['lost datagrams', { udpIperfArrivedPerSecond: 70_000 }, 3],
  ['a first laptop that starves', { twoLaptopsUpFirstShare: 0.44 }, 4],
  ['a second laptop that starves', { twoLaptopsDownFirstShare: 0.56 }, 4],
  ['one end that works too hard', { pacedDownBoxCores: 0.16 }, 5],
  ['a paced stream that was not carried', { pacedUpBitsPerSecond: 60e6 }, 5],
  ['a box that never rests', { idleBoxCores: 0.01 }, 6],
  ['a daemon that grows', { idleLaptopBytes: 91e6 }, 7],
])('%s misses its target', (_, figures, index) => {
  expect(outcomes(figures)[index]).toBe('missed');
});

test('datagrams are judged by the median of the ratios within a round', () => {
  const figures = new FigureTable(3);
  const arrived = [
    { bowline: 100_000, rival: 50_000 },
    { bowline: 60_000, rival: 20_000 },
    { bowline: 78_000, rival: 30_000 },
  ];
  for (const [round, { bowline, rival }] of arrived.entries()) {
    figures.add('bowline', round, { udpIperfArrivedPerSecond: bowline });
    figures.add('wireguard-go', round, { udpIperfArrivedPerSecond: rival });
  }
  expect(judge(figures)[3]).toMatchObject({ outcome: 'met', evidence: '2.60x, iperf3 at both ends' });
});

test('without a rival in the run nothing is said about it', () => {
  const figures = new FigureTable(1);
  figures.add('bowline', 0, GOOD);
  expect(judge(figures).map(({ outcome }) => outcome)).toEqual([
    ...new Array<string>(4).fill('not measured'),
    ...new Array<string>(4).fill('met'),
  ]);
});

/** Judges two equal rounds of Bowline against rivals of a known speed. */
function outcomes(changes: Figures): string[] {
  const figures = new FigureTable(2);
  const rivals = { 'wireguard-go': 240e6, openvpn: 230e6, shadowsocks: 1900e6 } as const;
  for (const round of [0, 1]) {
    figures.add('bowline', round, { ...GOOD, ...changes });
    for (const [rival, rate] of Object.entries(rivals) as [keyof typeof rivals, number][]) {
      figures.add(rival, round, {
        tcpUpBitsPerSecond: rate,
        tcpDownBitsPerSecond: rate,
        udpArrivedPerSecond: 57_000,
        udpIperfArrivedPerSecond: 30_000,
      });
    }
  }
  return judge(figures).map(({ outcome }) => outcome);
}
