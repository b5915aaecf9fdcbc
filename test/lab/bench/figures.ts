import type { ContenderName } from './contender.ts';
import type { Samples } from './statistics.ts';

/**
 * Everything that is measured. `Cores` are cores' worth of processor time of the tunnel's processes at one end,
 * `Share` and `Ratio` are 0 to 1.
 */
export const FIGURE_NAMES = [
  'tcpUpBitsPerSecond',
  'tcpUpLaptopCores',
  'tcpUpBoxCores',
  'tcpUpCoreSecondsPerGigabyte',
  'tcpDownBitsPerSecond',
  'tcpDownLaptopCores',
  'tcpDownBoxCores',
  'tcpDownCoreSecondsPerGigabyte',
  'udpOfferedPerSecond',
  'udpArrivedPerSecond',
  'udpLaptopCores',
  'udpBoxCores',
  'udpIperfOfferedPerSecond',
  'udpIperfArrivedPerSecond',
  'udpIperfLaptopCores',
  'udpIperfBoxCores',
  'pacedUpBitsPerSecond',
  'pacedUpLaptopCores',
  'pacedUpBoxCores',
  'pacedDownBitsPerSecond',
  'pacedDownLaptopCores',
  'pacedDownBoxCores',
  'latencyMedianMicros',
  'latencyP99Micros',
  'idleLaptopCores',
  'idleBoxCores',
  'idleLaptopBytes',
  'idleBoxBytes',
  'twoLaptopsUpBitsPerSecond',
  'twoLaptopsUpFirstShare',
  'twoLaptopsDownBitsPerSecond',
  'twoLaptopsDownFirstShare',
] as const;
export type FigureName = (typeof FIGURE_NAMES)[number];

/** What one measurement gave. */
export type Figures = Partial<Readonly<Record<FigureName, number>>>;

/** A measurement that gave nothing, and why. */
export interface Failure {
  /** Counted from 1. */
  readonly round: number;
  readonly contender: ContenderName;
  readonly step: string;
  readonly reason: string;
}

/** All figures of all contenders over the rounds. */
export class FigureTable {
  readonly rounds: number;
  readonly #samples = new Map<string, (number | null)[]>();

  constructor(rounds: number) {
    this.rounds = rounds;
  }

  /** @param round counted from 0. */
  add(contender: ContenderName, round: number, figures: Figures): void {
    for (const name of FIGURE_NAMES) {
      const value = figures[name];
      if (value === undefined) continue;
      const key = `${contender} ${name}`;
      const samples = this.#samples.get(key) ?? new Array<number | null>(this.rounds).fill(null);
      samples[round] = value;
      this.#samples.set(key, samples);
    }
  }

  /** Tells a figure round by round; a round without it is null. */
  samples(contender: ContenderName, name: FigureName): Samples {
    return this.#samples.get(`${contender} ${name}`) ?? new Array<null>(this.rounds).fill(null);
  }

  has(contender: ContenderName): boolean {
    return [...this.#samples.keys()].some((key) => key.startsWith(`${contender} `));
  }
}
