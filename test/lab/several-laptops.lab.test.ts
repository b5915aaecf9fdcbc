import { describe, expect, it } from 'vitest';
import { peerNameSchema } from '../../src-shared/model/box-status.ts';
import type { PeerStatus } from '../../src-shared/model/box-status.ts';
import { publicKey, startLaptop } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
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
        expect(await sendFrom(scene, family, own ?? ''), `own IPv${family} source`).toBe(SPOOFED);
        const before = (await tunnel.boxStatus()).drops['wrong-source'] ?? 0;
        expect(await sendFrom(scene, family, foreign ?? ''), `foreign IPv${family} source`).toBe(0);
        expect(((await tunnel.boxStatus()).drops['wrong-source'] ?? 0) - before).toBe(SPOOFED);
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

/** Sends datagrams from the guest with a source address and tells how many the server got. */
async function sendFrom(scene: Scene, family: 4 | 6, source: string): Promise<number> {
  const { home } = scene;
  const server = home.serverAddress(family);
  const isOwn = (await home.run('guest', 'ip', ['addr', 'show', 'dev', 'bowline0'])).includes(` ${source}/`);
  const prefixed = `${source}/${family === 4 ? 32 : 128}`;
  if (!isOwn) await home.run('guest', 'ip', ['addr', 'add', prefixed, 'dev', 'lo']);
  const counting = home.run('net', process.execPath, ['-e', COUNT_SCRIPT, `udp${family}`, server]);
  await scene.pause('the counter listens', 400);
  await home.run('guest', process.execPath, ['-e', SEND_SCRIPT, `udp${family}`, source, server]);
  const count = Number(await counting);
  if (!isOwn) await home.run('guest', 'ip', ['addr', 'del', prefixed, 'dev', 'lo']);
  return count;
}

const PORT = 9999;

const COUNT_SCRIPT = `
  const [family, address] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(family);
  let count = 0;
  socket.on('message', () => count++);
  socket.bind(${PORT}, address);
  setTimeout(() => { console.log(count); socket.close(); }, 1500);
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
