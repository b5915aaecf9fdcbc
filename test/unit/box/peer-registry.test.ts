import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laptopNameOf } from '../../../src-box/peers/laptop-name.ts';
import { Leases } from '../../../src-box/peers/leases.ts';
import { PairedLaptops } from '../../../src-box/peers/paired-laptops.ts';
import { PeerRegistry } from '../../../src-box/peers/peer-registry.ts';
import { parseNetwork4 } from '../../../src-box/peers/tunnel-network.ts';
import type { Session } from '../../../src-engine/session.ts';

let dir: string;
/** What the box did to sessions, in order. */
let log: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-registry-'));
  log = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe('the laptops of a box', () => {
  it('are kept over a restart, with name and address', async () => {
    const first = await registry();
    await first.add('given', key(1), 'argument');
    const paired = await first.pair('anna', key(2));
    expect(paired).toMatchObject({ name: 'anna', origin: 'paired', address4: '10.77.0.3' });
    const second = await registry();
    await second.restore();
    expect(second.peers.map(({ name, address4 }) => [name, address4])).toEqual([['anna', '10.77.0.3']]);
  });

  it('get a name that is free, and keep theirs when they pair again', async () => {
    const laptops = await registry();
    await laptops.add('anna', key(1), 'argument');
    expect((await laptops.pair('anna', key(2))).name).toBe('anna-2');
    expect((await laptops.pair('anna', key(3))).name).toBe('anna-3');
    const [, second] = laptops.peers;
    await laptops.rename(second!, 'ben');
    expect(await laptops.pair('anna', key(2))).toBe(second);
    expect(laptops.peers.map(({ name }) => name)).toEqual(['anna', 'ben', 'anna-3']);
    expect(log.filter((entry) => entry.startsWith('add'))).toHaveLength(3);
  });

  it('are told when they are revoked, before their keys are forgotten, and stay so over a restart', async () => {
    const laptops = await registry();
    const peer = await laptops.pair('anna', key(2));
    log = [];
    await laptops.revoke(peer);
    expect(log).toEqual(['close 1', 'flush', 'remove', 'unpin']);
    expect(laptops.peers).toEqual([]);
    expect(laptops.sessionFor(packetTo(10, 77, 0, 2), 0, 40)).toBeNull();
    const again = await registry();
    await again.restore();
    expect(again.peers).toEqual([]);
    expect((await again.pair('anna', key(2))).address4, 'a lease is for good').toBe(peer.address4);
  });

  it('that are given by an argument are not there twice', async () => {
    await (await registry()).pair('anna', key(2));
    const laptops = await registry();
    await laptops.add('home', key(2), 'argument');
    await laptops.restore();
    expect(laptops.peers.map(({ name }) => name)).toEqual(['home']);
  });
});

describe('what a laptop calls itself', () => {
  it.each([
    ['anna', 'anna'],
    ['Anna’s laptop', 'Anna-s-laptop'],
    ['../../etc', 'etc'],
    ['\u001b[2Jx', '2Jx'],
    ['…', 'laptop'],
    ['', 'laptop'],
    ['a'.repeat(99), 'a'.repeat(63)],
  ])('%j becomes %s', (text, name) => {
    expect(laptopNameOf(text)).toBe(name);
  });
});

async function registry(): Promise<PeerRegistry> {
  const leases = new Leases(dir);
  const paired = new PairedLaptops(dir);
  expect([await leases.load(), await paired.load()]).toEqual([null, null]);
  return new PeerRegistry({
    engine: {
      addPeer: () => {
        log.push('add');
        return fakeSession();
      },
      removePeer: () => log.push('remove'),
    },
    pump: { now: () => 0, flush: () => log.push('flush'), pinRemotes: () => log.push('unpin') },
    leases,
    paired,
    network4: parseNetwork4('10.77.0.0/24'),
    network6: null,
  });
}

function fakeSession(): Session {
  const session = {
    sourceFilter: { allowOnly: () => undefined },
    close: (reason: number) => log.push(`close ${reason}`),
  };
  return session as unknown as Session;
}

function packetTo(...address: readonly number[]): Uint8Array {
  const packet = new Uint8Array(60);
  packet[10] = 0x45;
  packet.set(address, 26);
  return packet;
}
