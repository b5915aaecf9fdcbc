import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoxFinder, type SearchingDaemon } from '../../../src-daemon/discovery/box-finder.ts';
import { createLog } from '../../../src-platform/log.ts';
import {
  fingerprintOf,
  type BrowseOptions,
  type BoxBrowsing,
  type LinkSnapshot,
} from '../../../src-platform/index.ts';

const KEY = Buffer.alloc(32, 7);
const FINGERPRINT = fingerprintOf(KEY);
const LINK: LinkSnapshot = {
  ...{ name: 'eth0', ifindex: 2, kind: 'ethernet', up: true, carrier: true, mtuBytes: 1500, mac: null },
  ...{ addresses: [], gateways: { 4: null, 6: null }, ignoredBecause: null },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the finder', () => {
  it('searches for the own box only while it does not answer, and hands on where it is said to be', () => {
    const { finder, searches, setFound } = make();
    finder.follow('connecting');
    finder.follow('protected');
    expect(searches).toEqual([]);
    finder.follow('box-unreachable');
    finder.follow('box-unreachable');
    expect(searches.map(({ options }) => options.fingerprint)).toEqual([FINGERPRINT]);
    const [search] = searches;
    search!.endpoints = [{ address: 'fe80::1%eth0', port: 4747 }];
    search!.options.onChange(search!.browsing);
    search!.options.onChange(search!.browsing);
    expect(setFound.mock.calls).toEqual([[[{ address: 'fe80::1', port: 4747, zone: 'eth0' }]]]);
    finder.follow('protected');
    expect(search!.isStopped).toBe(true);
  });

  it('follows the links while it searches, and leaves out those that are not to be used', () => {
    const { finder, searches, daemon } = make();
    finder.follow('box-unreachable');
    daemon.links = [
      LINK,
      { ...LINK, name: 'wlan0' },
      { ...LINK, name: 'wwan0' },
      { ...LINK, name: 'x', up: false },
    ];
    daemon.priorities = new Map([['wwan0', 'never']]);
    finder.follow('box-unreachable');
    expect(searches[0]!.links).toEqual(['eth0', 'wlan0']);
  });

  it('does not search again after its end', () => {
    const { finder, searches } = make();
    finder.follow('box-unreachable');
    finder.close();
    finder.follow('box-unreachable');
    expect(searches.map(({ isStopped }) => isStopped)).toEqual([true]);
  });

  it('answers all who ask at once by one search', async () => {
    const { finder, searches } = make();
    const answers = [finder.find(1_000), finder.find(2_000)];
    await vi.advanceTimersByTimeAsync(1_500);
    expect(searches.map(({ isStopped }) => isStopped)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await Promise.all(answers)).toEqual([
      { ok: true, value: { boxes: [] } },
      { ok: true, value: { boxes: [] } },
    ]);
    expect(searches.map(({ isStopped }) => isStopped)).toEqual([true]);
  });

  it('says why nothing can be found', async () => {
    const { finder, daemon, searches } = make();
    const asked = finder.find(100);
    searches[0]!.problem = { kind: 'port-taken', detail: 'eth0: bind EADDRINUSE 0.0.0.0:5353' };
    await vi.advanceTimersByTimeAsync(100);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'NOT_POSSIBLE_NOW' } });
    expect(JSON.stringify(await asked)).toContain('another program has UDP port 5353 to itself');
    daemon.links = [];
    expect(JSON.stringify(await finder.find(100))).toContain('no link is connected');
  });
});

interface Search {
  readonly options: BrowseOptions;
  readonly browsing: BoxBrowsing;
  links: readonly string[];
  endpoints: { address: string; port: number }[];
  problem: BoxBrowsing['problem'];
  isStopped: boolean;
}

function make() {
  const searches: Search[] = [];
  const setFound = vi.fn();
  const daemon: { -readonly [K in keyof SearchingDaemon]: SearchingDaemon[K] } = {
    links: [LINK],
    priorities: new Map(),
    box: { publicKey: KEY.toString('base64') },
    tunnel: { linkPaths: { setFound } },
  };
  const browse = (options: BrowseOptions): BoxBrowsing => {
    const search: Search = {
      options,
      links: options.links.map(({ name }) => name),
      endpoints: [],
      problem: null,
      isStopped: false,
      browsing: {
        boxes: () => [],
        endpointsOf: () => search.endpoints,
        drops: { malformed: 0, 'not-a-box': 0, 'too-many': 0 },
        get problem() {
          return search.problem;
        },
        setLinks: (links) => (search.links = links.map(({ name }) => name)),
        stop: () => Promise.resolve(void (search.isStopped = true)),
      },
    };
    searches.push(search);
    return search.browsing;
  };
  return {
    finder: new BoxFinder(
      daemon,
      createLog('error', () => undefined),
      browse,
    ),
    searches,
    setFound,
    daemon,
  };
}
