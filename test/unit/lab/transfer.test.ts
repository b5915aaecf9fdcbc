import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BLOCK_BYTES, StreamPattern } from '../../lab/probes/shared/stream-pattern.ts';
import { TransferReceiver, TransferSender } from '../../lab/probes/shared/transfer-end.ts';
import type { TransferPlan } from '../../lab/probes/shared/requests.ts';

describe('the bytes of a transfer', () => {
  it('are the same for one seed, others for another, and no block is like another', () => {
    const blocks = (seed: number): string[] => {
      const pattern = new StreamPattern(seed);
      return Array.from({ length: 3 }, () => pattern.next().toString('base64'));
    };
    expect(blocks(1)).toEqual(blocks(1));
    expect(blocks(1)[0]).not.toBe(blocks(2)[0]);
    expect(new Set(blocks(1)).size).toBe(3);
  });
});

describe('a transfer over loopback', () => {
  const sockets: Socket[] = [];
  let server: Server | null = null;

  afterEach(() => {
    for (const socket of sockets.splice(0)) {
      socket.destroy();
    }
    server?.close();
  });

  async function pair(): Promise<readonly [Socket, Socket]> {
    const listening = createServer();
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<Socket>((resolve) => listening.once('connection', resolve));
    const client = connect((listening.address() as AddressInfo).port, '127.0.0.1');
    const ends = [client, await accepted] as const;
    sockets.push(...ends);
    return ends;
  }

  it.each([0, 400_000_000])(
    'of a byte count ends with equal hashes at %i bit/s',
    async (rateBitsPerSecond) => {
      const [a, b] = await pair();
      const bytes = 3 * BLOCK_BYTES + 17;
      const receiver = new TransferReceiver(b, true);
      const sender = new TransferSender(a, { ...PLAN, rateBitsPerSecond, bytes });
      await Promise.all([sender.done, receiver.done]);
      expect(receiver.report()).toMatchObject({ bytes, error: null, sha256: sender.report().sha256 });
      expect(sender.report()).toMatchObject({ bytes, error: null });
    },
  );

  it('that the other side destroys is told as an error', async () => {
    const [a, b] = await pair();
    const receiver = new TransferReceiver(b, true);
    const sender = new TransferSender(a, PLAN);
    b.once('data', () => a.resetAndDestroy());
    await Promise.all([sender.done, receiver.done]);
    expect(sender.report().error).not.toBeNull();
    expect(receiver.report().error).not.toBeNull();
  });
});

const PLAN: TransferPlan = {
  id: 'test',
  kind: 'download',
  seed: 7,
  rateBitsPerSecond: 0,
  bytes: 0,
  hashes: true,
};
