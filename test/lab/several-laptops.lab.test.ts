import { describe, expect, it } from 'vitest';
import { peerNameSchema } from '../../src-shared/model/box-status.ts';
import type { PeerStatus } from '../../src-shared/model/box-status.ts';
import { publicKey, startLaptop } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { NodeProgram } from './desktop/node-program.ts';
import { BOX_WAN, SERVER } from './home-plan.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const GUEST_NAME = peerNameSchema.parse('guest');
/** Packets with a source that is not the sender's own. */
const SPOOFED = 50;

describe('two laptops on one box', () => {
  it('work at once, each with an address of its own that outlives the box', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await startBoth(scene);
      const first = await connectedPeers(scene, tunnel);
      const addresses = first.map(addressesOf);
      expect(new Set(addresses).size).toBe(2);
      // Together as much as one laptop has in other tests, so that two cores are enough.
      const share = { stream: { packetsPerSecond: 500, sizeBytes: 200 }, transferBitsPerSecond: 10_000_000 };
      const laptop = await scene.traffic(share);
      const guest = await scene.traffic({ ...share, node: 'guest' });
      await scene.pause('traffic of both', 3000);
      const reports = [await laptop.finish(), await guest.finish()];
      for (const [index, name] of ['laptop', 'guest'].entries()) {
        const report = reports[index];
        expect(report === undefined ? null : complaintsOf(report), name).toEqual([]);
        expect(report?.sourceAddress, name).toBe(BOX_WAN.v4);
        expect(report?.download?.receiver.bytes, name).toBeGreaterThan(1_000_000);
      }
      await tunnel.box.kill();
      tunnel.box.start();
      expect((await connectedPeers(scene, tunnel)).map(addressesOf)).toEqual(addresses);
    });
  });

  it('cannot speak for each other: a foreign source address is dropped and counted', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await startBoth(scene);
      const peers = await connectedPeers(scene, tunnel);
      const laptop = peers.find(({ name }) => name !== GUEST_NAME);
      const guest = peers.find(({ name }) => name === GUEST_NAME);
      for (const family of [4, 6] as const) {
        const [own, foreign] = [guest, laptop].map((peer) =>
          family === 4 ? peer?.tunnelAddress4 : peer?.tunnelAddress6,
        );
        expect(await sendFrom(scene, tunnel, family, own ?? ''), `own IPv${family} source`).toBe(SPOOFED);
        const before = await wrongSources(tunnel);
        expect(await sendFrom(scene, tunnel, family, foreign ?? ''), `foreign IPv${family} source`).toBe(0);
        expect((await wrongSources(tunnel)) - before).toBe(SPOOFED);
      }
    });
  });
});

async function startBoth(scene: Scene): Promise<Tunnel> {
  const { home } = scene;
  await home.addGuest();
  const tunnel = await scene.tunnel({
    otherPeers: { [GUEST_NAME]: await publicKey(home, 'bowlined', 'guest') },
  });
  scene.use(startLaptop(home, await publicKey(home, 'bowline-box'), { node: 'guest' }));
  return tunnel;
}

/** Waits until the box knows both laptops as connected, and routes of the guest are in place. */
async function connectedPeers(scene: Scene, tunnel: Tunnel): Promise<readonly PeerStatus[]> {
  const peers = await scene.until('both laptops at the box', async () => {
    // It does not answer while it starts.
    const peers = (await tunnel.boxStatus().catch(() => null))?.peers ?? [];
    return peers.length === 2 && peers.every(({ state }) => state === 'connected') ? peers : null;
  });
  await scene.until('the guest’s route into the tunnel', async () => {
    const { stdout } = await scene.home.tryRun('guest', 'ip', ['route', 'get', SERVER.v4]);
    return stdout.includes('bowline0') ? stdout : null;
  });
  return peers;
}

function addressesOf({ name, tunnelAddress4, tunnelAddress6 }: PeerStatus): string {
  return `${name} ${tunnelAddress4} ${tunnelAddress6}`;
}

/**
 * Sends datagrams from the guest with a source address, waits until the server has all of them or the box has dropped
 * as many, and tells how many the server got.
 */
async function sendFrom(scene: Scene, tunnel: Tunnel, family: 4 | 6, source: string): Promise<number> {
  const { home } = scene;
  const server = home.serverAddress(family);
  const isOwn = (await home.run('guest', 'ip', ['addr', 'show', 'dev', 'bowline0'])).includes(` ${source}/`);
  const prefixed = `${source}/${family === 4 ? 32 : 128}`;
  if (!isOwn) await home.run('guest', 'ip', ['addr', 'add', prefixed, 'dev', 'lo']);
  await using counter = new NodeProgram(home, 'net', `counter-udp${family}-${source}`, [
    process.execPath,
    ...['-e', COUNT_SCRIPT, `udp${family}`, server],
  ]);
  await scene.until('the counter', () => (counter.log.includes('counting') ? true : null));
  const droppedBefore = await wrongSources(tunnel);
  await home.run('guest', process.execPath, ['-e', SEND_SCRIPT, `udp${family}`, source, server]);
  const arrived = (): number => counter.log.split('spoof').length - 1;
  await scene.until('the end of every datagram', async () =>
    arrived() + (await wrongSources(tunnel)) - droppedBefore >= SPOOFED ? true : null,
  );
  if (!isOwn) await home.run('guest', 'ip', ['addr', 'del', prefixed, 'dev', 'lo']);
  return arrived();
}

/** How many packets the box has dropped because their source is not their sender's. */
async function wrongSources(tunnel: Tunnel): Promise<number> {
  return (await tunnel.boxStatus()).drops['wrong-source'] ?? 0;
}

const PORT = 9999;

/** Says that it listens, then one word for each datagram. */
const COUNT_SCRIPT = `
  const [family, address] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(family);
  socket.on('message', (text) => console.log(String(text)));
  socket.bind(${PORT}, address, () => console.log('counting'));
`;

const SEND_SCRIPT = `
  const [family, source, address] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(family);
  socket.bind(0, source, async () => {
    for (let number = 0; number < ${SPOOFED}; number++) {
      await new Promise((resolve) => socket.send('spoof', ${PORT}, address, resolve));
    }
    socket.close();
  });
`;
