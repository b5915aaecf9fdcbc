import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tunnel, areBothLinksUsable } from './daemons.ts';
import { monotonicMicros } from './monotonic.ts';
import {
  LAPTOP_NAME,
  bareBox,
  bareLaptop,
  boxCommand,
  boxStatusOf,
  showCode,
  wrongCode,
} from './pairing-scene.ts';
import type { DaemonProcess } from './daemons.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const BOX = '192.168.77.1';
const GUEST = '192.168.77.30';
const ROUTER = '192.168.77.254';
/** From both commands to a protected laptop, without the typing. */
const PAIRED_WITHIN_MS = 10_000;
/** A revoked pairing ends on both sides within this. */
const REVOKED_WITHIN_MS = 1_000;

describe('pairing by a code', () => {
  it('takes a laptop from a bare state folder to protected, with three boxes present', async () => {
    await inHome({}, async (scene) => {
      const { tunnel, others } = await startBare(scene);
      const startedMicros = monotonicMicros();
      const shown = await showCode(tunnel.box);
      const { box } = JSON.parse(await tunnel.cli('pair', '--box', BOX, '--code', shown.code, '--json')) as {
        box: { fingerprint: string };
      };
      expect(box.fingerprint).toBe(shown.fingerprint);
      const status = await tunnel.waitFor('protected after pairing', ({ state }) => state === 'protected');
      const tookMs = (monotonicMicros() - startedMicros) / 1_000;
      scene.report(`bare to protected by two commands: ${tookMs.toFixed(0)} ms`);
      expect(tookMs).toBeLessThan(PAIRED_WITHIN_MS);
      expect(status.box?.fingerprint).toBe(shown.fingerprint);
      const { peers, pairing } = await tunnel.boxStatus();
      expect(peers).toMatchObject([{ name: LAPTOP_NAME, origin: 'paired', state: 'connected' }]);
      expect(pairing).toEqual({
        open: null,
        lastCode: 'used',
        failedAttempts: 0,
        lastFailedAt: null,
      });
      for (const other of others) expect((await boxStatusOf(other)).peers).toEqual([]);

      scene.note('both remember it over a restart, without arguments');
      await tunnel.waitFor('both links', areBothLinksUsable);
      await tunnel.laptop.stop();
      await tunnel.box.stop();
      tunnel.box.start();
      tunnel.laptop.start();
      await tunnel.waitFor('both links after a restart of both', areBothLinksUsable);
      for (const daemon of [tunnel.laptop, tunnel.box]) {
        expect(readFileSync(daemon.logPath, 'utf8'), 'the code is nowhere in the log').not.toContain(
          shown.code,
        );
      }
    });
  });

  it('finds the box that shows the code among three that announce themselves', async () => {
    await inHome({}, async (scene) => {
      const { tunnel, others } = await startBare(scene, 3, true);
      for (const one of [tunnel.box, ...others]) {
        await scene.until(`${one.logPath} to be announced`, async () =>
          (await boxStatusOf(one)).announcement.state === 'announced' ? true : null,
        );
      }
      const startedMicros = monotonicMicros();
      const shown = await showCode(tunnel.box);
      await tunnel.cli('pair', '--code', shown.code);
      const status = await tunnel.waitFor('protected after pairing', ({ state }) => state === 'protected');
      const tookMs = (monotonicMicros() - startedMicros) / 1_000;
      scene.report(`bare to protected, the box found by itself: ${tookMs.toFixed(0)} ms`);
      expect(tookMs).toBeLessThan(PAIRED_WITHIN_MS);
      expect(status.box?.fingerprint).toBe(shown.fingerprint);
      for (const other of others) expect((await boxStatusOf(other)).peers).toEqual([]);
    });
  });

  it('names what is wrong with a code, and leaves a trace on the box', async () => {
    await inHome({}, async (scene) => {
      const { tunnel, others } = await startBare(scene);
      const [other] = others;
      const pair = (box: string, code: string) => tunnel.tryCli('pair', '--box', box, '--code', code);
      const unpaired = await pair(BOX, '12345678');
      expect(unpaired).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('no answer from') as string,
      });
      expect(unpaired.stderr).toContain(`${BOX}:4747 over eth0, ${BOX}:4747 over wlan0`);

      const shown = await showCode(tunnel.box);
      const elsewhere = await showCode(other!);
      expect((await pair(GUEST, shown.code)).stderr, 'the code of another box').toContain(
        'the code is wrong',
      );
      const messages: string[] = [];
      for (const code of [wrongCode(shown), wrongCode(shown), wrongCode(shown), shown.code])
        messages.push((await pair(BOX, code)).stderr.trim());
      expect(messages).toEqual([
        expect.stringContaining('tries left: 2'),
        expect.stringContaining('tries left: 1'),
        expect.stringContaining('no try is left'),
        expect.stringContaining('void after 3 wrong tries'),
      ]);
      const { pairing, peers } = await tunnel.boxStatus();
      expect({ ...pairing, peers }).toEqual({
        open: null,
        lastCode: 'burnt',
        failedAttempts: 3,
        lastFailedAt: expect.any(String) as string,
        peers: [],
      });
      expect(readFileSync(tunnel.box.logPath, 'utf8')).toContain('pairing-wrong-code');
      expect(await tunnel.status()).toMatchObject({ box: null });

      scene.note('the other box still has two tries; its code works once');
      expect(await pair(GUEST, elsewhere.code)).toMatchObject({ status: 0 });
      expect((await pair(GUEST, elsewhere.code)).stderr).toContain('was used already');
      expect((await boxStatusOf(other!)).pairing.failedAttempts).toBe(1);
      expect((await tunnel.tryCli('pair', '--code', shown.code)).stderr).toContain('--box HOST');
    });
  });
});

describe('a pairing', () => {
  it('that is revoked on the box ends on both sides within a second, and can be made again', async () => {
    await inHome({}, async (scene) => {
      const { tunnel } = await startBare(scene, 1);
      await pairOnce(tunnel);
      await boxCommand(tunnel.box, 'rename', LAPTOP_NAME, 'anna');
      expect((await tunnel.boxStatus()).peers).toMatchObject([{ name: 'anna' }]);
      const startedMicros = monotonicMicros();
      await boxCommand(tunnel.box, 'revoke', 'anna');
      expect((await tunnel.boxStatus()).peers).toEqual([]);
      const status = await tunnel.waitFor('the laptop to notice', ({ state }) => state === 'failed');
      const tookMs = (monotonicMicros() - startedMicros) / 1_000;
      scene.report(`revoked on the box: the laptop knows after ${tookMs.toFixed(0)} ms`);
      expect(tookMs).toBeLessThan(REVOKED_WITHIN_MS);
      expect(status).toMatchObject({ cause: 'box-refused-key', internet: 'direct' });
      await pairOnce(tunnel);
      expect((await tunnel.boxStatus()).peers).toMatchObject([{ name: LAPTOP_NAME, state: 'connected' }]);
    });
  });

  it('that the laptop ends is forgotten by both within a second, and leaves the system as it was', async () => {
    await inHome({}, async (scene) => {
      const { tunnel } = await startBare(scene, 1);
      const before = await scene.home.systemState('laptop');
      await pairOnce(tunnel);
      const startedMicros = monotonicMicros();
      await tunnel.cli('unpair');
      await scene.until('the box to forget', async () =>
        (await tunnel.boxStatus()).peers.length === 0 ? true : null,
      );
      const tookMs = (monotonicMicros() - startedMicros) / 1_000;
      scene.report(`ended on the laptop: the box knows after ${tookMs.toFixed(0)} ms`);
      expect(tookMs).toBeLessThan(REVOKED_WITHIN_MS);
      expect(await tunnel.status()).toMatchObject({ state: 'failed', cause: 'no-box-configured', box: null });
      expect((await tunnel.tryCli('unpair')).stderr).toContain('no box is paired');
      await tunnel.laptop.stop();
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it('finds the box again where it said that it is, without a search, after a start elsewhere', async () => {
    await inHome({ subnets: 'two' }, async (scene) => {
      const { tunnel } = await startBare(scene, 1);
      await pairOnce(tunnel);
      await tunnel.waitFor('both links', areBothLinksUsable);
      await tunnel.laptop.stop();
      scene.note('only the network where the box was not paired, and no way to the other');
      await scene.home.ip('laptop', 'link set eth0 down', 'route del default dev wlan0');
      tunnel.laptop.start();
      const status = await tunnel.waitFor('protected again', ({ state }) => state === 'protected');
      expect(status.carrying).toEqual(['wlan0']);
    });
  });
});

/** A laptop and up to three boxes, none of which knows another. */
async function startBare(
  scene: Scene,
  boxes: 1 | 3 = 3,
  areAnnounced = false,
): Promise<{ readonly tunnel: Tunnel; readonly others: readonly DaemonProcess[] }> {
  const { home } = scene;
  const box = bareBox(home, 'box', areAnnounced);
  const others: DaemonProcess[] = [];
  if (boxes === 3) {
    await home.addGuest();
    others.push(bareBox(home, 'guest', areAnnounced), bareBox(home, 'router', areAnnounced));
    expect(ROUTER, 'the third box has an address of its own').not.toBe(BOX);
  }
  const tunnel = new Tunnel(box, bareLaptop(home));
  for (const other of others) scene.use(other);
  scene.use(tunnel);
  for (const one of [box, ...others])
    await scene.until(`${one.logPath} to answer`, () => boxStatusOf(one).catch(() => null));
  await scene.until('the laptop to answer', () => tunnel.status());
  return { tunnel, others };
}

async function pairOnce(tunnel: Tunnel): Promise<void> {
  const { code } = await showCode(tunnel.box);
  await tunnel.cli('pair', '--box', BOX, '--code', code);
  await tunnel.waitFor('protected', ({ state }) => state === 'protected');
}
