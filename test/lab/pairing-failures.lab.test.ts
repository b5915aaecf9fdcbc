import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Tunnel, type DaemonProcess } from './daemons.ts';
import type { FaultyMachine } from './faulty-libc.ts';
import { boxLanAddresses } from './home-plan.ts';
import { bareBox, bareLaptop, boxStatusOf, faultyMachine, showCode } from './pairing-scene.ts';
import { ProbeProcess } from './probe-process.ts';
import type { PairingAttackerRequests } from './probes/shared/requests.ts';
import { inHome, type Scene } from './scene.ts';

const BOX = boxLanAddresses('one')[0]!.v4;
const GUEST = '192.168.77.30';
const BOX_PORT = 4747;
/** Ports of the guest that are no box. */
const RELAY_PORT = 4748;
const OTHER_VERSION_PORT = 4749;
/** A code is valid for 5 minutes. */
const BEYOND_VALIDITY_SECONDS = 301;

describe('pairing that fails, with three boxes present,', () => {
  it('says that the code has expired, and what to do', async () => {
    await withThreeBoxes(async ({ tunnel, boxMachine, boxes }) => {
      const { code } = await showCode(tunnel.box);
      boxMachine.setClockAhead(BEYOND_VALIDITY_SECONDS);
      expect(await tunnel.tryCli('pair', '--box', BOX, '--code', code)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(
          /the code has expired after 5 minutes; run `bowline-box pair`/,
        ) as string,
      });
      expect((await boxStatusOf(tunnel.box)).pairing).toMatchObject({ open: null, failedAttempts: 0 });
      await nothingIsKnown(tunnel, boxes);
    });
  });

  it('says that the versions differ, and which they are', async () => {
    await withThreeBoxes(async ({ tunnel, attacker, boxes }) => {
      await attacker.ask('playBoxOfVersion', { port: OTHER_VERSION_PORT, version: 2 });
      const { code } = await showCode(tunnel.box);
      const box = `${GUEST}:${OTHER_VERSION_PORT}`;
      expect(await tunnel.tryCli('pair', '--box', box, '--code', code)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(
          /different versions \(box: pairing version 2, here: 1\); update/,
        ) as string,
      });
      expect((await boxStatusOf(tunnel.box)).pairing, 'the code is still good').toMatchObject({
        open: { triesLeft: 3 },
      });
      await nothingIsKnown(tunnel, boxes);
    });
  });

  it('says that another box answered than the one that was announced', async () => {
    await withThreeBoxes(async ({ tunnel, attacker, boxes }) => {
      const announced = '0000-1111-2222-3333-4444';
      const claim = {
        name: 'attic',
        fingerprint: announced,
        ownAddress: GUEST,
        address: BOX,
        port: BOX_PORT,
      };
      await attacker.ask('announce', claim);
      const { code, fingerprint } = await showCode(tunnel.box);
      const { status, stderr } = await tunnel.tryCli('pair', '--code', code);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining(
          `another box answered (${fingerprint}) than the one that was announced (${announced}); name the right one`,
        ) as string,
      });
      await nothingIsKnown(tunnel, boxes);
    });
  });

  it.each([
    { held: 'confirm', text: 'the box stopped to answer half-way; nothing was stored' },
    { held: 'pin', text: 'the box stopped to answer at the last step' },
  ])('says that the box is gone when it is killed before $held', async ({ held, text }) => {
    await withThreeBoxes(async ({ scene, tunnel, attacker, boxes }) => {
      await attacker.ask('relay', { port: RELAY_PORT, box: BOX, boxPort: BOX_PORT });
      await attacker.ask('hold', held);
      const { code } = await showCode(tunnel.box);
      const pairing = tunnel.tryCli('pair', '--box', `${GUEST}:${RELAY_PORT}`, '--code', code);
      await scene.until(`${held} to be held up`, async () =>
        (await attacker.ask('seen', held)) > 0 ? true : null,
      );
      await tunnel.box.kill();
      await attacker.ask('hold', null);
      expect(await pairing).toMatchObject({ status: 1, stderr: expect.stringContaining(text) as string });
      tunnel.box.start();
      await scene.until('the box to answer', () => boxStatusOf(tunnel.box).catch(() => null));
      await nothingIsKnown(tunnel, boxes);
    });
  });

  it.each(['box', 'laptop'] as const)('says that the disk of the %s is full', async (where) => {
    await withThreeBoxes(async ({ tunnel, boxMachine, laptopMachine, boxes }) => {
      const { code } = await showCode(tunnel.box);
      const machine = where === 'box' ? boxMachine : laptopMachine;
      machine.setDisk({ kind: 'full', atStep: 1 });
      const { status, stderr } = await tunnel.tryCli('pair', '--box', BOX, '--code', code);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(
          where === 'box'
            ? /the disk of the box is full; free some space there, then run `bowline-box pair`/
            : /box\.json: the disk is full; free some space; this laptop knows the box that it knew before/,
        ) as string,
      });
      await nothingIsKnown(tunnel, boxes);

      machine.setDisk({ kind: 'none' });
      const again = await showCode(tunnel.box);
      expect(await tunnel.tryCli('pair', '--box', BOX, '--code', again.code)).toMatchObject({ status: 0 });
    });
  });
});

interface ThreeBoxes {
  readonly scene: Scene;
  readonly tunnel: Tunnel;
  /** All of them, the one of the tunnel first. */
  readonly boxes: readonly DaemonProcess[];
  readonly boxMachine: FaultyMachine;
  readonly laptopMachine: FaultyMachine;
  /** On the machine of the second box. */
  readonly attacker: ProbeProcess<PairingAttackerRequests>;
}

/** A laptop and three boxes, none of which knows another. */
async function withThreeBoxes(play: (parts: ThreeBoxes) => Promise<void>): Promise<void> {
  await inHome({}, async (scene) => {
    const { home } = scene;
    await home.addGuest();
    const boxMachine = await faultyMachine(home, 'box', 'bowline-box');
    const laptopMachine = await faultyMachine(home, 'laptop', 'bowlined');
    const box = bareBox(home, 'box', false, boxMachine);
    const others = [bareBox(home, 'guest'), bareBox(home, 'router')].map((other) => scene.use(other));
    const tunnel = scene.use(new Tunnel(box, bareLaptop(home, laptopMachine)));
    const attacker = scene.use(
      await ProbeProcess.start<PairingAttackerRequests>(home, 'guest', 'pairing-attacker', false),
    );
    const boxes = [box, ...others];
    for (const one of boxes)
      await scene.until(`${one.logPath} to answer`, () => boxStatusOf(one).catch(() => null));
    await scene.until('the laptop to answer', () => tunnel.status());
    await play({ scene, tunnel, boxes, boxMachine, laptopMachine, attacker });
  });
}

/** Neither side has stored anything, nor had to set anything aside. */
async function nothingIsKnown(tunnel: Tunnel, boxes: readonly DaemonProcess[]): Promise<void> {
  expect(await tunnel.status()).toMatchObject({ box: null });
  for (const box of boxes) expect((await boxStatusOf(box)).peers).toEqual([]);
  for (const { logPath } of [tunnel.laptop, ...boxes])
    expect(readFileSync(logPath, 'utf8')).not.toContain('set-aside');
}
