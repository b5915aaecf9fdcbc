import { beforeEach, describe, expect, it } from 'vitest';
import { DomainBook } from '../../../../src-daemon/apps/domain-book.ts';
import type { AppRule, RuleAction, RuleSubject } from '../../../../src-shared/model/app-rule.ts';

const MINUTE = 60e6;
const HOUR = 60 * MINUTE;

let book: DomainBook;
beforeEach(() => void (book = new DomainBook()));

function rule(subject: RuleSubject, action: RuleAction, id = '1'): AppRule {
  return { id, subject, action };
}

function domain(name: string, action: RuleAction): AppRule {
  return rule({ kind: 'domain', name }, action);
}

function network(text: string, action: RuleAction, further: object = {}): AppRule {
  return rule({ kind: 'network', network: text, ...further }, action);
}

function learn(name: string, address: string, options: { ttl?: number; now?: number; via?: string } = {}) {
  const names = options.via === undefined ? [name] : [name, options.via];
  return book.learn({ names, addresses: [{ address, ttlSeconds: options.ttl ?? 60 }] }, options.now ?? 0);
}

const nobody = (): boolean => false;

describe('a domain', () => {
  it('is itself and everything below it, and nothing that only ends alike', () => {
    book.follow([domain('example.org', 'direct')], []);
    learn('example.org', '203.0.113.1');
    learn('a.b.example.org', '203.0.113.2');
    learn('badexample.org', '203.0.113.3');
    learn('example.org.evil.test', '203.0.113.4');
    learn('org', '203.0.113.5');
    expect(book.addresses).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'direct' }]);
    expect(book.decide('203.0.113.3')).toEqual([]);
  });

  it('may stand anywhere on the way to the address', () => {
    book.follow([domain('cdn.example', 'only:wlan0')], []);
    learn('www.shop.test', '203.0.113.1', { via: 'shop.cdn.example' });
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'only:wlan0' }]);
  });

  it('leads nothing to this machine, to its networks, or to the box', () => {
    book.follow([domain('example.org', 'direct')], ['192.168.1.0/24', 'fd00:77::/64', '198.51.100.4']);
    const addresses = [
      ...['127.0.0.1', '0.0.0.0', '169.254.1.1', '224.0.0.251', '255.255.255.255', '192.168.1.20'],
      ...['::1', '::', 'fe80::1', 'ff02::1', '::ffff:203.0.113.9', 'fd00:77::20', '198.51.100.4', 'nonsense'],
    ];
    for (const address of addresses) learn('example.org', address);
    expect(book.addresses).toEqual([]);
    learn('example.org', '192.168.2.20');
    expect(book.addresses).toEqual(['192.168.2.20']);
    // In another network it is a neighbour.
    book.follow([domain('example.org', 'direct')], ['192.168.2.0/24']);
    expect(book.addresses).toEqual([]);
  });
});

describe('an address', () => {
  it('that several domains share goes as the last of their rules says, and as the other once that is forgotten', () => {
    const video = domain('video.example', 'direct');
    const work = domain('work.example', 'bonded');
    book.follow([video, work], []);
    learn('work.example', '203.0.113.1');
    learn('video.example', '203.0.113.1', { ttl: 3_600 });
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'bonded' }]);
    book.follow([work, video], []);
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'direct' }]);
    book.follow([video, work], []);
    expect(book.expire(15 * MINUTE, nobody)).toEqual(['203.0.113.1']);
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'direct' }]);
    book.follow([work], []);
    expect(book.addresses).toEqual([]);
  });

  it('of a name that two domains cover goes as the later rule says, whichever is longer', () => {
    book.follow([domain('a.example.org', 'direct'), domain('example.org', 'bonded')], []);
    learn('x.a.example.org', '203.0.113.1');
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'bonded' }]);
    book.follow([domain('example.org', 'bonded'), domain('a.example.org', 'direct')], []);
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'direct' }]);
  });

  it('in a network of another rule goes as the later of the two says, port by port', () => {
    const example = domain('example.org', 'direct');
    book.follow([network('203.0.113.0/24', 'only:wlan0'), example], []);
    learn('example.org', '203.0.113.1');
    expect(book.decide('203.0.113.1')).toEqual([{ action: 'direct' }]);
    book.follow([example, network('203.0.113.0/24', 'only:wlan0')], []);
    expect(book.decide('203.0.113.1')).toEqual([]);
    const https = network('203.0.113.0/24', 'redundant', { protocol: 'tcp', port: 443 });
    const udp = network('203.0.0.0/16', 'bonded', { protocol: 'udp' });
    book.follow([udp, example, https, network('198.51.100.0/24', 'bonded')], []);
    expect(book.decide('203.0.113.1')).toEqual([
      { action: 'redundant', protocol: 'tcp', port: 443 },
      { action: 'direct' },
    ]);
  });

  it.each([
    { ttl: 0, hold: 15 * MINUTE },
    { ttl: 20, hold: 15 * MINUTE },
    { ttl: 3_600, hold: HOUR },
    { ttl: 86_400, hold: 2 * HOUR },
    { ttl: 4_294_967_295, hold: 2 * HOUR },
  ])('is kept within bounds: for $ttl s as told', ({ ttl, hold }) => {
    book.follow([domain('example.org', 'direct')], []);
    learn('example.org', '203.0.113.1', { ttl });
    expect(book.expire(hold - 1, nobody)).toEqual([]);
    expect(book.addresses).toEqual(['203.0.113.1']);
    expect(book.expire(hold, nobody)).toEqual(['203.0.113.1']);
    expect(book.addresses).toEqual([]);
  });

  it('is kept for as long as a connection to it is open, and by each further answer', () => {
    book.follow([domain('example.org', 'direct')], []);
    learn('example.org', '203.0.113.1');
    expect(book.expire(20 * MINUTE, (address) => address === '203.0.113.1')).toEqual([]);
    expect(book.expire(34 * MINUTE, nobody)).toEqual([]);
    learn('example.org', '203.0.113.1', { now: 34 * MINUTE });
    expect(book.expire(48 * MINUTE, nobody)).toEqual([]);
    expect(book.expire(49 * MINUTE, nobody)).toEqual(['203.0.113.1']);
  });
});

describe('a flood of answers', () => {
  it('takes room from its own domain only, the oldest first', () => {
    book.follow([domain('quiet.example', 'direct'), domain('loud.example', 'bonded')], []);
    learn('quiet.example', '198.51.100.1');
    for (let i = 0; i < 1_000; i++) learn(`n${i}.loud.example`, `10.9.${i >> 8}.${i & 255}`, { now: i + 1 });
    expect(book.addresses).toHaveLength(65);
    expect(book.addresses).toContain('198.51.100.1');
    expect(book.addresses).toContain('10.9.3.231');
    expect(book.addresses).not.toContain('10.9.0.1');
  });

  it('of many domains has a bound, too, and so have the names of one address', () => {
    const rules = Array.from({ length: 40 }, (_, index) => domain(`d${index}.example`, 'direct'));
    book.follow(rules, []);
    for (let i = 0; i < 2_000; i++)
      learn(`n${i}.d${i % 40}.example`, `10.9.${i >> 8}.${i & 255}`, { now: i });
    expect(book.addresses).toHaveLength(512);
    expect(learn('n.d1.example', '10.99.0.1', { now: 3_000 }).addresses).toHaveLength(2);
    for (let i = 0; i < 100; i++) learn(`n${i}.d2.example`, '10.99.0.1', { now: 3_001 });
    expect(book.addresses).toHaveLength(512);
  });
});
