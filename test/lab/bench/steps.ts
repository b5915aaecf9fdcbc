import { join } from 'node:path';
import { projectDir } from '../programs.ts';
import { SERVER_ADDRESS } from './bench-home.ts';
import type { BenchHome } from './bench-home.ts';
import type { Contender, RunningContender } from './contender.ts';
import type { Figures } from './figures.ts';
import { sendDatagrams } from './datagrams.ts';
import { runIperf, runIperfDatagrams } from './iperf.ts';
import type { IperfResult } from './iperf.ts';
import { pause } from './machine.ts';
import { costsBetween, readCosts, residentBytes } from './process-costs.ts';
import { percentile } from './statistics.ts';
import { bytes, cores, count, megabits, millis, share } from './units.ts';

/** How long everything is watched. */
export interface Durations {
  readonly streamSeconds: number;
  readonly warmUpSeconds: number;
  readonly pacedSeconds: number;
  readonly idleSeconds: number;
  readonly pings: number;
}

/** Where a step measures. */
export interface StepContext {
  readonly bench: BenchHome;
  readonly contender: Contender;
  readonly running: RunningContender;
  readonly durations: Durations;
  readonly signal: AbortSignal;
}

/** One measurement of one contender. */
export interface Step {
  readonly title: string;
  /** How many laptops are connected. */
  readonly laptops: 1 | 2;
  /** Measured in the first round alone: what does not wander needs no second look. */
  readonly isOnce: boolean;
  appliesTo(contender: Contender): boolean;
  seconds(durations: Durations): number;
  run(context: StepContext): Promise<Figures>;
  /** Says the result in a few words. */
  describe(figures: Figures): string;
}

/** Datagrams offered in a second, of a size like that of games and calls. */
export const UDP_OFFER = { payloadBytes: 64, packetsPerSecond: 120_000 } as const;
/** A good home connection. */
export const PACED_BITS_PER_SECOND = 100_000_000;

const tcpUp = tcpStep('up');
const tcpDown = tcpStep('down');

const udp: Step = {
  title: 'small datagrams up',
  laptops: 1,
  isOnce: false,
  appliesTo: ({ carriesUdp }) => carriesUdp,
  seconds: ({ streamSeconds }) => streamSeconds + 1,
  run: async ({ bench, running, durations, signal }) => {
    const { processes } = running;
    const result = await sendDatagrams(bench, processes, UDP_OFFER, durations.streamSeconds, signal);
    return {
      udpOfferedPerSecond: result.sentPerSecond,
      udpArrivedPerSecond: result.arrivedPerSecond,
      ...(hasProcesses(running) && { udpLaptopCores: result.costs.laptop, udpBoxCores: result.costs.box }),
    };
  },
  describe: ({ udpArrivedPerSecond: arrived = 0, udpOfferedPerSecond: offered = 0 }) =>
    `${count(arrived)}/s arrive of ${count(offered)}/s`,
};

const udpIperf: Step = {
  title: 'small datagrams, iperf3',
  laptops: 1,
  isOnce: false,
  appliesTo: ({ carriesUdp }) => carriesUdp,
  seconds: ({ streamSeconds }) => streamSeconds + 1,
  run: async ({ bench, running, durations, signal }) => {
    const { processes } = running;
    const result = await runIperfDatagrams(bench, processes, UDP_OFFER, durations.streamSeconds, signal);
    return {
      udpIperfOfferedPerSecond: result.sentPerSecond,
      udpIperfArrivedPerSecond: result.arrivedPerSecond,
      ...(hasProcesses(running) && {
        udpIperfLaptopCores: result.costs.laptop,
        udpIperfBoxCores: result.costs.box,
      }),
    };
  },
  describe: ({ udpIperfArrivedPerSecond: arrived = 0, udpIperfOfferedPerSecond: offered = 0 }) =>
    `${count(arrived)}/s arrive of ${count(offered)}/s`,
};

const pacedUp = pacedStep('up');
const pacedDown = pacedStep('down');

const latency: Step = {
  title: 'round trips',
  laptops: 1,
  isOnce: false,
  appliesTo: () => true,
  seconds: ({ pings }) => (pings * (PING_INTERVAL_MS + 1)) / 1000 + 1,
  run: async ({ bench, durations, signal }) => {
    const probe = [process.execPath, join(projectDir(), 'dist/lab/probes/round-trips.js')];
    // At real-time priority: a probe that waits for the processor would tell its own waiting.
    const server = bench.net.start('chrt', ['--rr', '1', ...probe, 'serve']);
    try {
      const port = (await server.waitForOutput(/port (\d+)/, PROBE_START_MS, signal))[1] ?? '';
      const request = [SERVER_ADDRESS, port, String(durations.pings), String(PING_INTERVAL_MS)];
      const client = bench.laptop.start('chrt', ['--rr', '1', ...probe, 'measure', ...request]);
      try {
        const mostMs = durations.pings * PING_INTERVAL_MS * 3 + PROBE_START_MS;
        const [, list = '[]'] = await client.waitForOutput(/^(\[.*\])$/m, mostMs, signal);
        const roundTrips = JSON.parse(list) as readonly number[];
        return {
          latencyMedianMicros: percentile(roundTrips, 0.5),
          latencyP99Micros: percentile(roundTrips, 0.99),
        };
      } finally {
        await client.stop();
      }
    } finally {
      await server.stop();
    }
  },
  describe: ({ latencyMedianMicros: median = 0, latencyP99Micros: p99 = 0 }) =>
    `${millis(median)} ms, 99 % within ${millis(p99)} ms`,
};

/** Idle is measured last, when everything that traffic makes grow has grown. */
const idle: Step = {
  title: 'idle',
  laptops: 1,
  isOnce: true,
  appliesTo: ({ name }) => name !== 'raw',
  seconds: ({ idleSeconds }) => idleSeconds + REST_MS / 1000,
  run: async ({ running, durations, signal }) => {
    await pause(REST_MS, signal);
    const before = readCosts(running.processes);
    await pause(durations.idleSeconds * 1000, signal);
    const costs = costsBetween(before, readCosts(running.processes));
    return {
      idleLaptopCores: costs.laptop,
      idleBoxCores: costs.box,
      idleLaptopBytes: residentBytes(running.processes.laptop),
      idleBoxBytes: residentBytes(running.processes.box),
    };
  },
  describe: (figures) =>
    `${cores(figures.idleLaptopCores ?? 0)} + ${cores(figures.idleBoxCores ?? 0)} % of a core, ` +
    `${bytes(figures.idleLaptopBytes ?? 0)} + ${bytes(figures.idleBoxBytes ?? 0)} MB`,
};

const twoLaptopsUp = twoLaptopsStep('up');
const twoLaptopsDown = twoLaptopsStep('down');

/** All steps in the order in which a contender goes through them. */
export const STEPS: readonly Step[] = [
  tcpUp,
  tcpDown,
  udp,
  udpIperf,
  pacedUp,
  pacedDown,
  latency,
  idle,
  twoLaptopsUp,
  twoLaptopsDown,
];

/** More often would not be idle, less often would take long. */
const PING_INTERVAL_MS = 10;
const PROBE_START_MS = 5000;
/** After traffic, buffers drain and acknowledgements end. */
const REST_MS = 1000;

function tcpStep(direction: 'up' | 'down'): Step {
  return {
    title: `one TCP stream ${direction}`,
    laptops: 1,
    isOnce: false,
    appliesTo: () => true,
    seconds: ({ streamSeconds, warmUpSeconds }) => streamSeconds + warmUpSeconds + 1,
    run: async ({ bench, running, durations, signal }) => {
      const plan = { direction, seconds: durations.streamSeconds, warmUpSeconds: durations.warmUpSeconds };
      const result = await runIperf(bench, bench.laptop, running.processes, plan, signal);
      const up = direction === 'up';
      const { laptop, box } = result.costs;
      const perGigabyte = coreSecondsPerGigabyte(result);
      const rate = result.bitsPerSecond;
      if (!hasProcesses(running)) return up ? { tcpUpBitsPerSecond: rate } : { tcpDownBitsPerSecond: rate };
      return up
        ? {
            tcpUpBitsPerSecond: rate,
            tcpUpLaptopCores: laptop,
            tcpUpBoxCores: box,
            tcpUpCoreSecondsPerGigabyte: perGigabyte,
          }
        : {
            tcpDownBitsPerSecond: rate,
            tcpDownLaptopCores: laptop,
            tcpDownBoxCores: box,
            tcpDownCoreSecondsPerGigabyte: perGigabyte,
          };
    },
    describe: (figures) =>
      `${megabits(figures.tcpUpBitsPerSecond ?? figures.tcpDownBitsPerSecond ?? 0)} Mbit/s`,
  };
}

function pacedStep(direction: 'up' | 'down'): Step {
  return {
    title: `100 Mbit/s ${direction}`,
    laptops: 1,
    isOnce: false,
    appliesTo: ({ name }) => name !== 'raw',
    seconds: ({ pacedSeconds }) => pacedSeconds + 1,
    run: async ({ bench, running, durations, signal }) => {
      const pace = {
        seconds: durations.pacedSeconds,
        warmUpSeconds: 0,
        bitsPerSecond: PACED_BITS_PER_SECOND,
      };
      const plan = { direction, ...pace };
      const { bitsPerSecond, costs } = await runIperf(bench, bench.laptop, running.processes, plan, signal);
      return direction === 'up'
        ? {
            pacedUpBitsPerSecond: bitsPerSecond,
            pacedUpLaptopCores: costs.laptop,
            pacedUpBoxCores: costs.box,
          }
        : {
            pacedDownBitsPerSecond: bitsPerSecond,
            pacedDownLaptopCores: costs.laptop,
            pacedDownBoxCores: costs.box,
          };
    },
    describe: (figures) => {
      const rate = figures.pacedUpBitsPerSecond ?? figures.pacedDownBitsPerSecond ?? 0;
      const laptop = figures.pacedUpLaptopCores ?? figures.pacedDownLaptopCores ?? 0;
      const box = figures.pacedUpBoxCores ?? figures.pacedDownBoxCores ?? 0;
      return `${megabits(rate)} Mbit/s, laptop ${cores(laptop)} + box ${cores(box)} % of a core`;
    },
  };
}

function twoLaptopsStep(direction: 'up' | 'down'): Step {
  return {
    title: `two laptops at once ${direction}`,
    laptops: 2,
    isOnce: false,
    appliesTo: ({ name }) => name === 'bowline' || name === 'wireguard-go',
    seconds: ({ streamSeconds, warmUpSeconds }) => streamSeconds + warmUpSeconds + 1,
    run: async ({ bench, running, durations, signal }) => {
      const plan = { direction, seconds: durations.streamSeconds, warmUpSeconds: durations.warmUpSeconds };
      const results = await Promise.allSettled(
        [bench.laptop, bench.secondLaptop].map((laptop) =>
          runIperf(bench, laptop, running.processes, plan, signal),
        ),
      );
      const [first = 0, second = 0] = results.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value.bitsPerSecond;
      });
      const sum = first + second;
      return direction === 'up'
        ? { twoLaptopsUpBitsPerSecond: sum, twoLaptopsUpFirstShare: first / sum }
        : { twoLaptopsDownBitsPerSecond: sum, twoLaptopsDownFirstShare: first / sum };
    },
    describe: (figures) => {
      const first = figures.twoLaptopsUpFirstShare ?? figures.twoLaptopsDownFirstShare ?? 0;
      const sum = figures.twoLaptopsUpBitsPerSecond ?? figures.twoLaptopsDownBitsPerSecond ?? 0;
      return `${megabits(sum)} Mbit/s shared ${share(first)} : ${share(1 - first)}`;
    },
  };
}

function hasProcesses({ processes }: RunningContender): boolean {
  return processes.laptop.length + processes.box.length > 0;
}

function coreSecondsPerGigabyte({ bitsPerSecond, costs }: IperfResult): number {
  return (costs.laptop + costs.box) / (bitsPerSecond / 8 / 1e9);
}
