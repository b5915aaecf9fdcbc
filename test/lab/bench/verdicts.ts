import type { ContenderName } from './contender.ts';
import type { FigureName, FigureTable } from './figures.ts';
import { pairedRatios, summarise } from './statistics.ts';
import type { Samples } from './statistics.ts';
import { PACED_BITS_PER_SECOND } from './steps.ts';
import { bytes, cores, share, times } from './units.ts';

/** One target and what came of it. */
export interface Verdict {
  readonly target: string;
  readonly outcome: 'met' | 'missed' | 'not measured';
  /** The figures it rests on, medians over the rounds. */
  readonly evidence: string;
}

/** Holds the figures against every target. */
export function judge(figures: FigureTable): readonly Verdict[] {
  return [
    streamVerdict(figures, 'wireguard-go', 8, 'One TCP stream at least 8x wireguard-go'),
    streamVerdict(figures, 'openvpn', 8, 'One TCP stream at least 8x OpenVPN'),
    streamVerdict(figures, 'shadowsocks', 1, 'One TCP stream not below shadowsocks over MPTCP'),
    datagramVerdict(figures),
    fairnessVerdict(figures),
    pacedVerdict(figures),
    idleCoresVerdict(figures),
    idleMemoryVerdict(figures),
  ];
}

/** Tells Bowline's figure as a multiple of another contender's, round by round. */
export function ratiosTo(figures: FigureTable, rival: ContenderName, name: FigureName): Samples {
  return pairedRatios(figures.samples('bowline', name), figures.samples(rival, name));
}

const LEAST_DATAGRAM_RATIO = 2.5;
const MOST_UNFAIRNESS = 0.1;
const MOST_PACED_CORES = 0.15;
/** Of the 100 Mbit/s, headers and a late start take some; what is slower than this was not carried. */
const LEAST_PACED_RATIO = 0.9;
const MOST_IDLE_CORES = 0.01;
const MOST_IDLE_BYTES = 90e6;

function streamVerdict(figures: FigureTable, rival: ContenderName, least: number, target: string): Verdict {
  const up = summarise(ratiosTo(figures, rival, 'tcpUpBitsPerSecond'));
  const down = summarise(ratiosTo(figures, rival, 'tcpDownBitsPerSecond'));
  if (up === null || down === null) return notMeasured(target);
  const evidence = `up ${times(up.median)}, down ${times(down.median)}`;
  return { target, outcome: met(Math.min(up.median, down.median) >= least), evidence };
}

function datagramVerdict(figures: FigureTable): Verdict {
  const target = `Small datagrams at least ${LEAST_DATAGRAM_RATIO}x wireguard-go`;
  const ratio = summarise(ratiosTo(figures, 'wireguard-go', 'udpIperfArrivedPerSecond'));
  if (ratio === null) return notMeasured(target);
  const evidence = `${times(ratio.median)}, iperf3 at both ends`;
  return { target, outcome: met(ratio.median >= LEAST_DATAGRAM_RATIO), evidence };
}

function fairnessVerdict(figures: FigureTable): Verdict {
  const target = 'Two laptops at once get equal shares within 10 %';
  const unfairness = (name: FigureName): number | null =>
    summarise(figures.samples('bowline', name).map((part) => (part === null ? null : Math.abs(2 * part - 1))))
      ?.median ?? null;
  const up = unfairness('twoLaptopsUpFirstShare');
  const down = unfairness('twoLaptopsDownFirstShare');
  if (up === null || down === null) return notMeasured(target);
  const evidence = `${share(up)} % from equal up, ${share(down)} % down`;
  return { target, outcome: met(Math.max(up, down) <= MOST_UNFAIRNESS), evidence };
}

function pacedVerdict(figures: FigureTable): Verdict {
  const target = `At 100 Mbit/s at most ${share(MOST_PACED_CORES)} % of a core at either end`;
  const costs = medians(figures, [
    'pacedUpLaptopCores',
    'pacedUpBoxCores',
    'pacedDownLaptopCores',
    'pacedDownBoxCores',
  ]);
  const rates = medians(figures, ['pacedUpBitsPerSecond', 'pacedDownBitsPerSecond']);
  if (costs === null || rates === null) return notMeasured(target);
  const isCarried = Math.min(...rates) >= PACED_BITS_PER_SECOND * LEAST_PACED_RATIO;
  const [upLaptop, upBox, downLaptop, downBox] = costs.map(cores);
  const evidence =
    `laptop ${upLaptop} up and ${downLaptop} down, box ${upBox} and ${downBox}` +
    (isCarried ? '' : '; the stream was slower');
  return { target, outcome: met(isCarried && Math.max(...costs) <= MOST_PACED_CORES), evidence };
}

function idleCoresVerdict(figures: FigureTable): Verdict {
  const target = 'Idle below 1 % of a core at either end';
  const costs = medians(figures, ['idleLaptopCores', 'idleBoxCores']);
  if (costs === null) return notMeasured(target);
  const [laptop, box] = costs.map(cores);
  const evidence = `laptop ${laptop} %, box ${box} %`;
  return { target, outcome: met(Math.max(...costs) < MOST_IDLE_CORES), evidence };
}

function idleMemoryVerdict(figures: FigureTable): Verdict {
  const target = `At most ${bytes(MOST_IDLE_BYTES)} MB of memory at either end`;
  const memory = medians(figures, ['idleLaptopBytes', 'idleBoxBytes']);
  if (memory === null) return notMeasured(target);
  const [laptop, box] = memory.map(bytes);
  const evidence = `laptop ${laptop} MB, box ${box} MB`;
  return { target, outcome: met(Math.max(...memory) <= MOST_IDLE_BYTES), evidence };
}

/** Bowline's medians of several figures, or null if one is missing. */
function medians(figures: FigureTable, names: readonly FigureName[]): readonly number[] | null {
  const found: number[] = [];
  for (const name of names) {
    const summary = summarise(figures.samples('bowline', name));
    if (summary === null) return null;
    found.push(summary.median);
  }
  return found;
}

function met(isMet: boolean): Verdict['outcome'] {
  return isMet ? 'met' : 'missed';
}

function notMeasured(target: string): Verdict {
  return { target, outcome: 'not measured', evidence: 'one of the sides is missing' };
}
