import { describe, expect, it } from 'vitest';
import type { BoxStatus } from '../../src-shared/model/box-status.ts';
import { Tunnel, areBothLinksUsable } from './daemons.ts';
import { boxLanAddresses, SERVER } from './home-plan.ts';
import { questionsOf } from './pairing-questions.ts';
import { bareBox, bareLaptop, boxStatusOf, showCode } from './pairing-scene.ts';
import { ProbeProcess } from './probe-process.ts';
import type { PairingAttackerRequests, PairingTampering } from './probes/shared/requests.ts';
import { inHome, type Scene } from './scene.ts';

const BOX = boxLanAddresses('one')[0]!.v4;
const GUEST = '192.168.77.30';
const BOX_PORT = 4747;
/** What datagrams carry through the tunnel. */
const SECRET = 'c0ffee5ec2e75afe';
/** One every 10 ms, so that each fills a datagram of its own. */
const SENDER_SCRIPT = `
  const [secret, host] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket('udp4');
  const payload = Buffer.from(secret.repeat(25), 'hex');
  let sent = 0;
  const timer = setInterval(() => {
    socket.send(payload, 9, host);
    if (++sent < 50) return;
    clearInterval(timer);
    setTimeout(() => socket.close(), 100);
  }, 10);
`;
/** A guess that is right by accident would be one in ten million. */
const GUESSES = 10;

type Attacker = ProbeProcess<PairingAttackerRequests>;

describe('somebody in the middle of a pairing', () => {
  it.each(['box-key', 'laptop-key', 'both-keys', 'share'] as const)(
    'who replaces the %s gets nothing and leaves a trace',
    async (what: PairingTampering) => {
      await inBareHome(async (scene, tunnel, attacker) => {
        await attacker.ask('relay', { port: BOX_PORT, box: BOX, boxPort: BOX_PORT });
        await attacker.ask('tamper', what);
        const { code } = await showCode(tunnel.box);
        const { stderr, status } = await tunnel.tryCli('pair', '--box', GUEST, '--code', code);
        scene.note(stderr);
        const sentence = what === 'share' ? /does not know the code|half-way/ : /somebody is in between/;
        expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(sentence) as string });
        expect(await tunnel.status()).toMatchObject({ box: null });
        expect(await boxStatusOf(tunnel.box)).toMatchObject({ peers: [] });
        const traced = async (): Promise<true | null> =>
          (await boxStatusOf(tunnel.box)).pairing.failedAttempts === 1 ? true : null;
        // A laptop that gave up proves nothing more: the box waits 10 s for it.
        await scene.until('a trace on the box', traced, 15_000);
      });
    },
  );

  it('who only passes on reads nothing, and can use nothing of it again', async () => {
    await inBareHome(async (scene, tunnel, attacker) => {
      await attacker.ask('relay', { port: BOX_PORT, box: BOX, boxPort: BOX_PORT });
      const shown = await showCode(tunnel.box);
      const pairing = await tunnel.cli('pair', '--box', GUEST, '--code', shown.code, '--json');
      expect(JSON.parse(pairing)).toMatchObject({ box: { fingerprint: shown.fingerprint } });
      await tunnel.waitFor('both links', areBothLinksUsable);
      await scene.home.run('laptop', process.execPath, ['-e', SENDER_SCRIPT, SECRET, SERVER.v4]);
      const recording = await attacker.ask('recording', null);
      const data = recording.filter(({ hex }) => !hex.startsWith('06'));
      expect(data.length, 'the tunnel ran through the attacker').toBeGreaterThan(40);
      const text = recording.map(({ hex }) => hex).join('\n');
      for (const secret of [SECRET, Buffer.from(shown.code).toString('hex')])
        expect(text).not.toContain(secret);

      scene.note('everything once more, while another code is shown');
      const before = await boxStatusOf(tunnel.box);
      await showCode(tunnel.box);
      const fromLaptop = recording.filter((one) => one.fromLaptop).map(({ hex }) => hex);
      const answers = await attacker.ask('send', { host: BOX, port: BOX_PORT, datagrams: fromLaptop });
      const known = new Set(recording.map(({ hex }) => hex));
      const news = answers.filter(({ kind, hex }) => kind !== 'offer' && !known.has(hex));
      expect(news, 'no answer but offers of the new code, and what was said before').toEqual([]);
      const replayedIn = (status: BoxStatus): number =>
        (status.drops['replayed'] ?? 0) - (before.drops['replayed'] ?? 0);
      const after = await scene.until('data that came again', async () => {
        const status = await boxStatusOf(tunnel.box);
        return replayedIn(status) > 20 ? status : null;
      });
      expect(after.pairing).toMatchObject({ open: { triesLeft: 3 }, failedAttempts: 0 });
      expect(after.peers.map(({ name, state }) => ({ name, state }))).toEqual(
        before.peers.map(({ name, state }) => ({ name, state })),
      );
      expect(await tunnel.status()).toMatchObject({ state: 'protected' });
    });
  });
});

describe('somebody without the code', () => {
  it('who guesses is out after three tries, and the owner finds the code void', async () => {
    await inBareHome(async (scene, tunnel, attacker) => {
      const { code } = await showCode(tunnel.box);
      const outcomes: string[] = [];
      for (let guess = 0; guess < GUESSES; guess++) {
        const wrong = String((Number(code) + 1 + guess) % 1e8).padStart(8, '0');
        outcomes.push((await tunnel.tryCli('pair', '--box', BOX, '--code', wrong)).stderr);
      }
      expect(outcomes.map((text) => /tries left: \d|no try is left|is void/.exec(text)?.[0])).toEqual([
        'tries left: 2',
        'tries left: 1',
        'no try is left',
        ...Array.from({ length: GUESSES - 3 }, () => 'is void'),
      ]);
      expect((await tunnel.tryCli('pair', '--box', BOX, '--code', code)).stderr).toContain('is void');
      const { peers, pairing } = await boxStatusOf(tunnel.box);
      expect({ peers, failed: pairing.failedAttempts }).toEqual({ peers: [], failed: 3 });
      scene.note('and who proves nothing at all');
      const shown = await showCode(tunnel.box);
      const noise = Array.from({ length: 50 }, (_, index) => questionsOf(index).map(hexOf)).flat();
      const answers = await attacker.ask('send', { host: BOX, port: BOX_PORT, datagrams: noise });
      expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['offer']));
      expect((await boxStatusOf(tunnel.box)).pairing.open).toMatchObject({ triesLeft: 3 });
      expect(await tunnel.tryCli('pair', '--box', BOX, '--code', shown.code)).toMatchObject({ status: 0 });
    });
  });
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A laptop and a box that do not know each other, and an attacker on the guest's machine. */
async function inBareHome(
  play: (scene: Scene, tunnel: Tunnel, attacker: Attacker) => Promise<void>,
): Promise<void> {
  await inHome({}, async (scene) => {
    const { home } = scene;
    await home.addGuest();
    const tunnel = scene.use(new Tunnel(bareBox(home, 'box'), bareLaptop(home)));
    const attacker = scene.use(
      await ProbeProcess.start<PairingAttackerRequests>(home, 'guest', 'pairing-attacker', false),
    );
    await scene.until('the box to answer', () => boxStatusOf(tunnel.box).catch(() => null));
    await scene.until('the laptop to answer', () => tunnel.status());
    await play(scene, tunnel, attacker);
  });
}
