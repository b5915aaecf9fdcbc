import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AppRule } from '../../src-shared/model/app-rule.ts';
import { DEFAULT_SETTINGS } from '../../src-shared/model/settings.ts';
import { compileLibrary, compileProgram, compileStaticProgram } from './compile.ts';
import type { Tunnel } from './daemons.ts';
import type { VirtualHome } from './home.ts';
import { monotonicMicros } from './monotonic.ts';
import { numberFromEnvironment } from './random-numbers.ts';
import { inHome, type Scene } from './scene.ts';
import { asService } from './service-rights.ts';
import { Visits } from './visits.ts';

/** How many programs start in a second, if the machine can. */
const RATE = numberFromEnvironment('BOWLINE_LAB_STARTS', 2_000);
/** One of so many is under a rule. */
const EVERY = numberFromEnvironment('BOWLINE_LAB_RULED', 100);
const SECONDS = 5;
const RULES = 500;

describe(`${RATE} starts of programs a second beside ${RULES} rules`, () => {
  it('miss no rule where programs are held: the first socket has its mark', async () => {
    await inHome({}, async (scene) => {
      await playStorm(scene, [], ['mark']);
    });
  });

  it('miss no rule as packaged', async () => {
    await inHome({}, async (scene) => {
      await playStorm(scene, await asService(scene.home.tempDir), ['mark']);
    });
  });

  it('miss no rule where the kernel holds nobody for the daemon: a socket of half a second later has its mark', async () => {
    await inHome({}, async (scene) => {
      const library = await compileLibrary('rules/no-gate.cc');
      await playStorm(scene, ['env', `LD_PRELOAD=${library}`], ['mark', '500']);
    });
  });
});

/** Starts programs at the rate, and prints what it costs the daemon; no program under a rule may be missed. */
async function playStorm(
  scene: Scene,
  through: readonly string[],
  ruledArgs: readonly string[],
): Promise<void> {
  const visits = scene.use(await Visits.prepare(scene.home));
  const starter = await compileProgram('rules/starter.cc');
  const nothing = await compileStaticProgram('rules/nothing.cc');
  const programs = Array.from({ length: RULES }, (_, index) => visits.program(`program-${index}`));
  const ruled = programs[RULES / 2] ?? '';
  storeRules(
    scene.home,
    programs.map((path) => ({
      subject: { kind: 'exec', path },
      action: path === ruled ? 'direct' : 'bonded',
    })),
  );
  const storm = (rate: number): Promise<readonly string[]> =>
    visits.run(starter, [String(rate), String(SECONDS), String(EVERY), nothing, ruled, ...ruledArgs]);

  const alone = await storm(RATE);
  const tunnel = await scene.tunnel({ laptop: { through } });
  // A program of Node that has just started is busy with itself for a while.
  await scene.pause('warm-up', 8_000);
  const idle = await cpuShare(tunnel, () => scene.pause('idle', 5_000));
  let printed: readonly string[] = [];
  const busy = await cpuShare(tunnel, async () => void (printed = await storm(RATE)));
  const marks = printed.filter((line) => line.startsWith('0x'));
  const missed = marks.filter((mark) => mark !== DIRECT_MARK).length;
  scene.report(
    `${perSecond(printed)} programs a second (${perSecond(alone)} without the daemon), ${marks.length} under a rule, ` +
      `${missed} missed; the daemon took ${percent(busy)} of a core, ${percent(idle)} when idle`,
  );
  expect(marks.length).toBeGreaterThan(0);
  expect(missed).toBe(0);
}

/** Writes settings as the daemon will find them at its start. */
function storeRules(home: VirtualHome, rules: readonly Omit<AppRule, 'id'>[]): void {
  const dir = join(home.tempDir, 'bowlined');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const numbered = rules.map((rule, index) => ({ id: String(index + 1), ...rule }));
  const settings = { ...DEFAULT_SETTINGS, wanted: true, rules: numbered };
  writeFileSync(join(dir, 'settings.json'), JSON.stringify(settings), { mode: 0o600 });
}

/** Share of a core that the laptop's daemon takes while something goes on. */
async function cpuShare(tunnel: Tunnel, play: () => Promise<unknown>): Promise<number> {
  const startedMicros = monotonicMicros();
  const before = tunnel.laptop.usage().cpuMicros;
  await play();
  return (tunnel.laptop.usage().cpuMicros - before) / (monotonicMicros() - startedMicros);
}

function perSecond(printed: readonly string[]): number {
  return Math.round(Number(printed.at(-1)?.replace('started ', '')) / SECONDS);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const DIRECT_MARK = '0xb1000000';
