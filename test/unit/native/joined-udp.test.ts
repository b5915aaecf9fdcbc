import type * as dgram from 'node:dgram';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takesSegmentedUdp } from '../../../src-driver/tun-offloads.ts';
import { UdpCoalescer } from '../../../src-engine/receive/udp-coalescer.ts';
import type { NativeApi } from '../../../src-native/lib/index.ts';
import {
  type ChildTools,
  createNamespace,
  NAMESPACE_OBSTACLE,
  type Namespace,
} from '../../support/native/child.ts';
import { udpPacket } from '../../support/udp-packets.ts';

/** The socket's address and its peer's have to be those of udpPacket. */
const FAMILIES = [
  { version: 4, type: 'udp4', local: '10.9.0.1', subnet: '10.9.0.1/24', peer: '10.9.0.2' },
  { version: 6, type: 'udp6', local: 'fd09::1', subnet: 'fd09::1/64', peer: 'fd09::2' },
] as const;
const PORT = 5000;

/** Datagrams of one flow: all as long as the first, but for a shorter last one. */
const PAYLOADS = Array.from({ length: 40 }, (_, i) =>
  Buffer.from(Array.from({ length: i === 39 ? 77 : 301 }, (_byte, at) => (at * 13 + i * 29) & 255)),
);

describe.skipIf(NAMESPACE_OBSTACLE)('joined UDP packets (needs root)', () => {
  let namespace: Namespace;
  let offloads: number;

  beforeAll(async () => {
    namespace = createNamespace();
    offloads = await namespace.run((native) => {
      const tun = new native.Tun({ name: 'probe0' });
      const seen = tun.offloads;
      tun.close();
      return seen;
    }, null);
  });

  afterAll(() => namespace.remove());

  test.for(FAMILIES)('reach a socket as the datagrams they were, IPv$version', async (family, { skip }) => {
    if (!takesSegmentedUdp({ offloads })) skip('this kernel does not know segmented UDP (TUN_F_USO)');
    const joined = joinAll(family.version);
    const order = { ...family, port: PORT, joined: joined.toString('hex'), count: PAYLOADS.length };
    const seen = await namespace.run(receiveJoined, order);
    expect(seen).toEqual({
      written: 1,
      refusedWrites: 0,
      senders: [`${family.peer} 4000`],
      datagrams: PAYLOADS.map((payload) => payload.toString('hex')),
    });
  });
});

/** All payloads in one packet behind its virtio-net header. */
function joinAll(version: 4 | 6): Buffer {
  const regionBytes = 66_000;
  const bytes = new Uint8Array(regionBytes + 32_000);
  const coalescer = new UdpCoalescer(bytes, 0, regionBytes);
  coalescer.isEnabled = true;
  let at = regionBytes;
  const joins = PAYLOADS.map((payload, id) => {
    const packet = udpPacket({ version, payload, id, destinationPort: PORT, checksum: 'verified' });
    bytes.set(packet, at);
    at += packet.length;
    return coalescer.append(at - packet.length, packet.length);
  });
  expect(joins).toEqual(PAYLOADS.map((_, i) => i > 0));
  return Buffer.from(bytes.subarray(coalescer.joinedAt, coalescer.joinedAt + coalescer.joinedLength));
}

/** Writes a packet into a TUN device and gives back what a socket behind it gets. Runs in the child. */
async function receiveJoined(
  native: NativeApi,
  order: {
    type: 'udp4' | 'udp6';
    local: string;
    subnet: string;
    port: number;
    joined: string;
    count: number;
  },
  { ip, require }: ChildTools,
) {
  const { createSocket } = require('node:dgram') as typeof dgram;
  const arena = native.createArena(1 << 20);
  const tun = new native.Tun({ name: 'joined0' });
  ip('link', 'set', 'joined0', 'mtu', '1400', 'up');
  ip('addr', 'add', order.subnet, 'dev', 'joined0', ...(order.type === 'udp6' ? ['nodad'] : []));
  const socket = createSocket(order.type);
  await new Promise<void>((resolve) => {
    socket.bind(order.port, order.local, resolve);
  });
  const datagrams: string[] = [];
  const senders = new Set<string>();
  const isComplete = new Promise<void>((resolve) => {
    socket.on('message', (bytes, { address, port }) => {
      senders.add(`${address} ${port}`);
      if (datagrams.push(bytes.toString('hex')) === order.count) resolve();
    });
  });
  const packet = Buffer.from(order.joined, 'hex');
  new Uint8Array(arena).set(packet, 4096);
  new Int32Array(arena).set([4096, packet.length], 0);
  const written = tun.write(0, 1);
  const { refusedWrites } = tun;
  if (refusedWrites === 0) await isComplete;
  socket.close();
  tun.close();
  return { written, refusedWrites, senders: [...senders], datagrams };
}
