import { describe, expect, it } from 'vitest';
import type { Tunnel } from './daemons.ts';
import { addressChanged, carrier, deviceRemoved, flap, loss, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { LinkName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { RandomNumbers, numberFromEnvironment } from './random-numbers.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';
import type { Traffic } from './traffic.ts';

/** How many faults in a row; 200 make the full run of about six minutes. */
const FAULTS = numberFromEnvironment('BOWLINE_LAB_FAULTS', 25);
/** Draws the faults; printed, so that a failing run can be played again. */
const SEED = numberFromEnvironment('BOWLINE_LAB_SEED', Math.floor(Math.random() * 1e9));

/** Every mode keeps the promise, and so does the change from one to another. */
const MODES = ['seamless', 'bonded', 'redundant', 'saver'];
const FAULTS_PER_MODE = 6;

/** What may happen to a link. Faults of different sorts may be in force on one link together; `alone` ones may not. */
interface FaultKind {
  readonly name: string;
  readonly sort: 'carrier' | 'silence' | 'loss' | 'alone';
  readonly leastMs: number;
  begin(home: VirtualHome, link: LinkName): Promise<Fault>;
}

const KINDS: readonly FaultKind[] = [
  { name: 'carrier lost', sort: 'carrier', leastMs: 300, begin: carrier },
  { name: 'silent', sort: 'silence', leastMs: 300, begin: (home, link) => silent(home, link, 'both') },
  { name: 'silent upstream', sort: 'silence', leastMs: 300, begin: (home, link) => silent(home, link, 'up') },
  {
    name: 'silent downstream',
    sort: 'silence',
    leastMs: 300,
    begin: (home, link) => silent(home, link, 'down'),
  },
  { name: '30 % loss', sort: 'loss', leastMs: 500, begin: (home, link) => loss(home, link, 0.3) },
  { name: 'device removed', sort: 'alone', leastMs: 300, begin: deviceRemoved },
  { name: 'address changed', sort: 'alone', leastMs: 300, begin: addressChanged },
  // Two cycles at least.
  { name: 'flapping', sort: 'carrier', leastMs: 1000, begin: (home, link) => flap(home, link, 2) },
];

interface PlayedFault {
  readonly number: number;
  readonly name: string;
  readonly fromMicros: number;
  readonly untilMicros: number;
}

describe('random faults', () => {
  it(
    `${FAULTS} in a row on either link, the other one healthy, lose and double nothing and close nothing`,
    { timeout: 120_000 + FAULTS * 5_000 },
    async () => {
      await inHome({}, async (scene) => {
        scene.report(`random faults: BOWLINE_LAB_FAULTS=${FAULTS} BOWLINE_LAB_SEED=${SEED}`);
        const random = new RandomNumbers(SEED);
        const tunnel = await scene.tunnel();
        const traffic = await scene.traffic({ expectedSeconds: 60 + FAULTS * 4 });
        await scene.pause('traffic without faults', 1000);
        const played: PlayedFault[] = [];
        const memory: (readonly [laptop: number, box: number])[] = [];
        for (let number = 1; number <= FAULTS; number++) {
          if (number % FAULTS_PER_MODE === 1) {
            const mode = MODES[Math.floor(number / FAULTS_PER_MODE) % MODES.length] ?? 'seamless';
            scene.note(`mode ${mode}`);
            await tunnel.cli('mode', mode);
          }
          played.push(await playFault(scene, random, number));
          memory.push(residentBytes(tunnel));
        }
        await scene.pause('traffic after the last fault', 1000);
        memory.push(residentBytes(tunnel));
        const report = await traffic.finish(2000);
        const early = memory[Math.floor(FAULTS * 0.2)] ?? [0, 0];
        const end = memory.at(-1) ?? [0, 0];
        scene.report(
          `resident memory of laptop and box: ${mebibytes(early)} at 20 %, ${mebibytes(end)} at the end`,
        );
        const blamed = await blame(traffic, played);
        expect(complaintsOf(report), blamed).toEqual([]);
        expect([report.download?.isIntact, report.upload?.isIntact]).toEqual([true, true]);
        for (const [index, name] of (['laptop', 'box'] as const).entries()) {
          const growth = (end[index] ?? NaN) - (early[index] ?? NaN);
          expect(growth, `growth of the daemon of the ${name}, in bytes`).toBeLessThanOrEqual(8 * 2 ** 20);
        }
      });
    },
  );
});

/** Plays one fault, or two that overlap, on one link, and lets both links be healthy for a while. */
async function playFault(scene: Scene, random: RandomNumbers, number: number): Promise<PlayedFault> {
  const { home } = scene;
  const link = random.pick(LINK_NAMES);
  const first = random.pick(KINDS);
  const others = KINDS.filter(({ sort }) => sort !== first.sort && sort !== 'alone');
  const second = first.sort !== 'alone' && random.next() < OVERLAP_RATIO ? random.pick(others) : null;
  const name = `${link}: ${first.name}${second === null ? '' : `, then ${second.name} too`}`;
  const holdMs = first.leastMs + random.between(0, 600);
  const healthyMs = random.between(500, 1500);
  const fromMicros = monotonicMicros();
  const faults = [await first.begin(home, link)];
  await scene.pause(`fault ${number}, ${name}`, holdMs);
  if (second !== null) {
    faults.push(await second.begin(home, link));
    await scene.pause(`fault ${number}, both of them`, second.leastMs);
  }
  for (const fault of faults) await fault.undo();
  await scene.pause(`both links healthy after fault ${number}`, healthyMs);
  return { number, name, fromMicros, untilMicros: monotonicMicros() };
}

/** Says which faults the losses belong to. */
async function blame(traffic: Traffic, played: readonly PlayedFault[]): Promise<string> {
  const lines: string[] = [];
  for (const { number, name, fromMicros, untilMicros } of played) {
    const { up, down } = await traffic.window({ fromMicros, untilMicros });
    const bad = [up, down].reduce((sum, way) => sum + (way?.lost ?? 0) + (way?.duplicated ?? 0), 0);
    if (bad === 0) continue;
    lines.push(
      `fault ${number} (${name}): lost ${up?.lost} up, ${down?.lost} down; ` +
        `doubled ${up?.duplicated} up, ${down?.duplicated} down; refused ${up?.refused} up`,
    );
  }
  return `seed ${SEED}\n${lines.join('\n')}`;
}

function residentBytes(tunnel: Tunnel): readonly [number, number] {
  return [tunnel.laptop.usage().residentBytes, tunnel.box.usage().residentBytes];
}

function mebibytes(bytes: readonly [number, number]): string {
  return bytes.map((value) => `${(value / 2 ** 20).toFixed(1)} MiB`).join(' and ');
}

/** Share of faults that get a second one on top. */
const OVERLAP_RATIO = 0.25;
