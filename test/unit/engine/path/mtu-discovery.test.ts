import { expect, test } from 'vitest';
import { BASE_DATAGRAM_BYTES, MtuDiscovery } from '../../../../src-engine/path/mtu-discovery.ts';

/** A path that passes datagrams up to a size, and a discovery that sends over it. */
class Journey {
  readonly mtu = new MtuDiscovery();
  now = 0;
  probes: number[] = [];
  private number = 0;
  private passing: number;

  constructor(maximum: number, passing: number) {
    this.passing = passing;
    this.mtu.reset(maximum, 0);
  }

  narrow(passing: number): void {
    this.passing = passing;
  }

  search(): number {
    for (let size = this.mtu.probeDue(this.now); size > 0; size = this.mtu.probeDue(this.now)) {
      this.probes.push(size);
      const number = this.number++;
      this.mtu.onProbeSent(number, size);
      this.answer(number, size);
    }
    return this.mtu.datagramBytes;
  }

  send(): void {
    this.answer(this.number++, this.mtu.datagramBytes);
  }

  private answer(number: number, bytes: number): void {
    if (bytes <= this.passing) this.mtu.onAcknowledged(number, bytes);
    else this.mtu.onLost(number, bytes, this.now);
  }
}

test.each([
  ['an Ethernet path is found with one probe', 1_472, 1_472, 1_472, 1],
  ['a jumbo path is found with one probe', 8_972, 8_972, 8_972, 1],
  ['a path over IPv6 is found next', 1_472, 1_452, 1_452, 4],
  ['a path of 1,400 bytes gets the usual size below', 1_472, 1_400, 1_372, 13],
  ['the smallest link of IPv6 is found', 1_472, 1_252, 1_232, 19],
  ['a path that carries nothing more keeps the base', 1_472, 1_210, 1_200, 21],
  ['a link smaller than the base is respected', 1_000, 1_000, 1_000, 0],
])('%s', (_name, maximum, passing, found, probes) => {
  const journey = new Journey(maximum, passing);
  expect(journey.search()).toBe(found);
  expect(journey.probes).toHaveLength(probes);
});

test('only one probe is out at a time', () => {
  const mtu = new MtuDiscovery();
  mtu.reset(1_472, 0);
  expect(mtu.probeDue(0)).toBe(1_472);
  mtu.onProbeSent(7, 1_472);
  expect(mtu.probeDue(1_000_000)).toBe(0);
});

test('a path that grows narrower in silence is in doubt at once, and then the size that fits is found', () => {
  const journey = new Journey(1_472, 1_472);
  journey.search();
  journey.narrow(1_420);
  for (let i = 0; i < 4; i++) journey.send();
  expect(journey.mtu.datagramBytes, '4 losses may be chance').toBe(1_472);
  journey.send();
  expect(journey.mtu.datagramBytes).toBe(BASE_DATAGRAM_BYTES);
  expect(journey.search()).toBe(1_420);
});

test('what was on its way when the size fell into doubt does not rule out the sizes below', () => {
  const journey = new Journey(8_972, 8_972);
  journey.search();
  journey.narrow(1_472);
  for (let i = 0; i < 60; i++) journey.mtu.onLost(1_000 + i, 8_972, 0);
  expect(journey.search()).toBe(1_472);
});

test('a run of losses by chance costs one probe', () => {
  const journey = new Journey(1_472, 1_472);
  journey.search();
  journey.probes = [];
  journey.narrow(100);
  for (let i = 0; i < 5; i++) journey.send();
  journey.narrow(1_472);
  expect(journey.search()).toBe(1_472);
  expect(journey.probes).toEqual([1_472]);
});

test('scattered loss of full datagrams raises no doubt', () => {
  const journey = new Journey(1_472, 1_472);
  journey.search();
  for (let i = 0; i < 200; i++) {
    journey.narrow(i % 5 === 0 ? 1_472 : 100);
    journey.send();
  }
  expect(journey.mtu.datagramBytes).toBe(1_472);
});

test('a size that was given up is tried again after a minute', () => {
  const journey = new Journey(1_472, 1_472);
  journey.search();
  journey.narrow(1_400);
  for (let i = 0; i < 5; i++) journey.send();
  expect(journey.search()).toBe(1_372);
  journey.narrow(1_472);
  journey.now = 59_000_000;
  expect(journey.search(), 'too early').toBe(1_372);
  journey.now = 60_000_000;
  expect(journey.search()).toBe(1_472);
});

test('a link that is set to less, and to more again, is followed without a loss', () => {
  const journey = new Journey(8_972, 8_972);
  journey.search();
  journey.mtu.setMaximum(1_472, 0);
  expect(journey.mtu.datagramBytes, 'small enough at once').toBe(BASE_DATAGRAM_BYTES);
  expect(journey.search()).toBe(1_472);
  journey.mtu.setMaximum(8_972, 0);
  expect(journey.mtu.datagramBytes, 'what works goes on').toBe(1_472);
  expect(journey.search()).toBe(8_972);
});

test('a size that the system refuses is in doubt at once; the base never is', () => {
  const journey = new Journey(1_472, 1_472);
  journey.search();
  journey.mtu.onRefused(0);
  expect(journey.mtu.datagramBytes).toBe(BASE_DATAGRAM_BYTES);
  journey.mtu.onRefused(0);
  expect(journey.search()).toBe(1_472);
});

test('loss of small datagrams says nothing about size', () => {
  const mtu = new MtuDiscovery();
  mtu.reset(1_472, 0);
  mtu.onProbeSent(0, 1_472);
  mtu.onAcknowledged(0, 1_472);
  for (let i = 1; i < 100; i++) mtu.onLost(i, 300, 0);
  expect(mtu.datagramBytes).toBe(1_472);
});

test('a larger size is tried again after ten minutes', () => {
  const journey = new Journey(1_472, 1_400);
  journey.search();
  journey.narrow(1_472);
  journey.now = 599_000_000;
  expect(journey.search(), 'too early').toBe(1_372);
  journey.now = 600_000_000;
  expect(journey.search()).toBe(1_472);
});

test('datagrams of the peer that are larger than expected start a search at once', () => {
  const journey = new Journey(1_472, 8_972);
  journey.search();
  journey.mtu.raiseMaximum(8_972, 5);
  expect(journey.search()).toBe(8_972);
});
