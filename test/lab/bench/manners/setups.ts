import type { DirectionShape, LinkName } from '../../home-plan.ts';
import type { BenchHome } from '../bench-home.ts';
import type { RunningContender } from '../contender.ts';
import { startBowline } from '../contenders/bowline.ts';
import type { BowlineSetting } from '../contenders/bowline.ts';
import { LINKS_CONTENDERS } from '../links/contenders.ts';

/** A link without loss or jitter; the delay is one way. */
export function plainLink(megabits: number, delayMs: number, queueMs: number): DirectionShape {
  return { rateBitsPerSecond: megabits * 1e6, queueMs, delayMs, jitterMs: 0, lossRatio: 0 };
}

/** Does something while the laptop's traffic goes over one link without a tunnel: what all else is compared with. */
export async function overPlainLink<Result>(
  bench: BenchHome,
  name: LinkName,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const contender = LINKS_CONTENDERS.find((known) => known.name === name);
  if (contender === undefined) throw new Error(`no contender ${name}`);
  const running = await contender.start(bench, [name], signal);
  return stopAfter(running, work);
}

/** Does something while the laptop's traffic goes through Bowline. */
export async function overBowline<Result>(
  bench: BenchHome,
  setting: BowlineSetting,
  signal: AbortSignal,
  work: (running: RunningContender) => Promise<Result>,
): Promise<Result> {
  const running = await startBowline(bench, [bench.laptop], setting, signal);
  return stopAfter(running, work);
}

async function stopAfter<Result>(
  running: RunningContender,
  work: (running: RunningContender) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(running);
  } finally {
    await running.stop();
  }
}
