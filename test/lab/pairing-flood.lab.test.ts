import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileProgram } from './compile.ts';
import { boxLanAddresses } from './home-plan.ts';
import { questionsOf } from './pairing-questions.ts';
import { showCode } from './pairing-scene.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

const BOX = boxLanAddresses('one')[0]!.v4;
const BOX_PORT = 4747;
const FLOOD_PER_SECOND = 50_000;
const FLOOD_SECONDS = 8;
const FLOOD_DATAGRAMS = 4_000;
const QUESTION_BYTES = 192;

describe('somebody without the code', () => {
  it('who floods the box with questions costs a session no packet and a code no try', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const floodPath = await compileProgram('storm/handshake-flood.cc');
      await home.addGuest();
      const tunnel = await scene.tunnel();
      const questionsPath = join(home.tempDir, 'questions');
      const questions = Array.from({ length: FLOOD_DATAGRAMS / 4 }, (_, index) => questionsOf(index)).flat();
      writeFileSync(questionsPath, Buffer.concat(questions));
      await showCode(tunnel.box);
      const traffic = await scene.traffic({ transferBitsPerSecond: null });
      await scene.pause('traffic without a flood', 1000);
      const residentBefore = tunnel.box.usage().residentBytes;
      const plan = [
        BOX,
        String(BOX_PORT),
        String(FLOOD_PER_SECOND),
        String(FLOOD_SECONDS),
        '1',
        questionsPath,
      ];
      const offered = JSON.parse(await home.run('guest', floodPath, [...plan, String(QUESTION_BYTES)])) as {
        readonly sent: number;
      };
      const growth = tunnel.box.usage().residentBytes - residentBefore;
      const report = await traffic.finish(2000);
      const { drops, pairing, peers } = await tunnel.boxStatus();
      scene.report(
        `${offered.sent} datagrams in ${FLOOD_SECONDS} s, a third of them questions of pairing: ` +
          `${(growth / 2 ** 20).toFixed(1)} MiB more memory; dropped: ${JSON.stringify(drops)}`,
      );
      expect(complaintsOf(report)).toEqual([]);
      expect(pairing).toMatchObject({ open: { triesLeft: 3 }, failedAttempts: 0 });
      expect(peers.map(({ state }) => state)).toEqual(['connected']);
      expect(drops['pairing-limited']).toBeGreaterThan(1_000);
      expect(growth).toBeLessThanOrEqual(8 * 2 ** 20);
    });
  });
});
