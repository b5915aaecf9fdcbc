import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoxResponder } from '../../../../src-platform/discovery/box-responder.ts';
import { browseBoxes, type BoxBrowsing } from '../../../../src-platform/discovery/browse-boxes.ts';
import {
  decodeMessage,
  encodeQuery,
  encodeResponse,
} from '../../../../src-platform/discovery/dns-message.ts';
import { SERVICE_NAME } from '../../../../src-platform/discovery/service.ts';
import { linkAt, MdnsNetwork } from './mdns-network.ts';

const ATTIC = '3f2a-91bc-07de-55a1-c0ff';
const CELLAR = 'ab12-0000-1111-2222-3333';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('boxes on one network', () => {
  it('are found with name, address, port, fingerprint and protocol', async () => {
    const network = new MdnsNetwork();
    announce(network, '192.168.1.2', 'attic', ATTIC);
    announce(network, '192.168.1.3', 'Kim’s box 2.0', CELLAR);
    await vi.advanceTimersByTimeAsync(3_000);
    const browsing = browse(network);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(browsing.boxes()).toEqual([
      { name: 'Kim’s box 2.0', fingerprint: CELLAR, protocol: 1, port: 4747, addresses: ['192.168.1.3'] },
      { name: 'attic', fingerprint: ATTIC, protocol: 1, port: 4747, addresses: ['192.168.1.2'] },
    ]);
  });

  it('that start at the same moment with one name end up with two, and keep them when a third comes', async () => {
    const network = new MdnsNetwork();
    const first = announce(network, '192.168.1.2', 'attic', ATTIC);
    const second = announce(network, '192.168.1.3', 'attic', CELLAR);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([first.state, second.state].map(({ state }) => state)).toEqual(['announced', 'announced']);
    const claimed = network.sent.flatMap(({ datagram }) =>
      (decodeMessage(datagram)?.answers ?? []).flatMap((record) =>
        record.type === 'SRV' && record.name === `attic.${SERVICE_NAME}` ? [record.target] : [],
      ),
    );
    expect(new Set(claimed).size, 'machines that ever answered by the name').toBe(1);
    // The greater claim wins (RFC 6762, 8.2), not the one whose timer runs first.
    const names = ['attic (3f2a)', 'attic'];
    expect([first.state.name, second.state.name]).toEqual(names);

    const late = announce(network, '192.168.1.4', 'attic', '7777-0000-1111-2222-3333');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(late.state.name).toBe('attic (7777)');
    expect([first.state.name, second.state.name]).toEqual(names);
  });

  it('say goodbye, and are gone at once', async () => {
    const network = new MdnsNetwork();
    const box = announce(network, '192.168.1.2', 'attic', ATTIC);
    const browsing = browse(network);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(browsing.boxes()).toHaveLength(1);
    await box.stop();
    expect(browsing.boxes()).toEqual([]);
  });

  it('that lost their power are gone after two minutes', async () => {
    const network = new MdnsNetwork();
    const box = announce(network, '192.168.1.2', 'attic', ATTIC);
    const browsing = browse(network);
    await vi.advanceTimersByTimeAsync(3_000);
    vi.spyOn(box as unknown as { answer: () => void }, 'answer').mockImplementation(() => undefined);
    await vi.advanceTimersByTimeAsync(117_000);
    expect(browsing.boxes()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(browsing.boxes()).toEqual([]);
  });

  it('are announced unasked when their address changes', async () => {
    const network = new MdnsNetwork();
    const box = announce(network, '192.168.1.2', 'attic', ATTIC);
    await vi.advanceTimersByTimeAsync(3_000);
    const asked: string[] = [];
    const browsing = browse(network, { onChange: (now) => asked.push(...addressesOf(now)) });
    await vi.advanceTimersByTimeAsync(10);
    const questions = network.sent.filter(({ from }) => from === '192.168.1.9').length;
    box.setLinks([{ ...linkAt('192.168.1.77'), announced: ['192.168.1.77'] }]);
    await vi.advanceTimersByTimeAsync(900);
    expect(addressesOf(browsing)).toContain('192.168.1.77');
    expect(network.sent.filter(({ from }) => from === '192.168.1.9')).toHaveLength(questions);
  });

  it('do not answer one who knows them, nor more than once a second', async () => {
    const network = new MdnsNetwork();
    const box = announce(network, '192.168.1.2', 'attic', ATTIC);
    await vi.advanceTimersByTimeAsync(5_000);
    const answers = (): number =>
      network.sent.filter(({ datagram }) => decodeMessage(datagram)?.isResponse === true).length;
    const before = answers();
    const question = { name: SERVICE_NAME, type: 'PTR' };
    const known = {
      type: 'PTR' as const,
      name: SERVICE_NAME,
      ttlSeconds: 100,
      target: `attic.${SERVICE_NAME}`,
    };
    network.send('192.168.1.9', encodeQuery([question], { known: [known] }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers()).toBe(before);
    for (let i = 0; i < 40; i++) {
      network.send('192.168.1.9', encodeQuery([question]));
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(answers() - before).toBeLessThanOrEqual(3);
    expect(answers() - before).toBeGreaterThanOrEqual(2);
    expect(box.state.state).toBe('announced');
  });

  it('give up for a minute when somebody claims every name, and say so', async () => {
    const network = new MdnsNetwork();
    const box = announce(network, '192.168.1.2', 'attic', ATTIC);
    const thief = setInterval(() => {
      const name = `${box.state.name}.${SERVICE_NAME}`;
      const claim = { type: 'SRV' as const, name, ttlSeconds: 120, target: 'thief.local', port: 1 };
      network.send('192.168.1.66', encodeResponse([claim]));
    }, 100);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(box.state.state).toBe('taken');
    clearInterval(thief);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(box.state).toEqual({ state: 'announced', name: 'attic', problem: null });
  });
});

describe('a search', () => {
  it('asks at growing distances, and nothing after its end', async () => {
    const network = new MdnsNetwork();
    const browsing = browse(network);
    const askedAt: number[] = [];
    for (let second = 0; second < 70; second++) {
      const before = network.sent.length;
      await vi.advanceTimersByTimeAsync(1_000);
      if (network.sent.length > before) askedAt.push(second);
    }
    expect(askedAt).toEqual([0, 1, 3, 7, 15, 31, 63]);
    await browsing.stop();
    const sent = network.sent.length;
    await vi.advanceTimersByTimeAsync(200_000);
    expect(network.sent).toHaveLength(sent);
  });

  it('asks for what an answer left out', async () => {
    const network = new MdnsNetwork();
    const browsing = browse(network);
    const target = `attic.${SERVICE_NAME}`;
    network.send(
      '192.168.1.2',
      encodeResponse([{ type: 'PTR', name: SERVICE_NAME, ttlSeconds: 60, target }]),
    );
    await vi.advanceTimersByTimeAsync(200);
    expect(decodeMessage(network.sent.at(-1)!.datagram)?.questions).toEqual([
      { type: 'TXT', name: target },
      { type: 'SRV', name: target },
    ]);
    await browsing.stop();
  });
});

function announce(network: MdnsNetwork, address: string, name: string, fingerprint: string): BoxResponder {
  return new BoxResponder({
    service: { name, fingerprint, protocol: 1, port: 4747 },
    links: [{ ...linkAt(address), announced: [address] }],
    onChange: () => undefined,
    random: () => 0.5,
    now: () => Date.now(),
    openTransport: network.plug(address),
  });
}

function browse(
  network: MdnsNetwork,
  options: { onChange?: (browsing: BoxBrowsing) => void } = {},
): BoxBrowsing {
  return browseBoxes({
    links: [linkAt('192.168.1.9')],
    onChange: options.onChange ?? (() => undefined),
    now: () => Date.now(),
    openTransport: network.plug('192.168.1.9'),
  });
}

function addressesOf(browsing: BoxBrowsing): string[] {
  return browsing.boxes().flatMap(({ addresses }) => addresses);
}
