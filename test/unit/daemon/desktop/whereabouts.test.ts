import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Whereabouts } from '../../../../src-daemon/desktop/whereabouts.ts';
import type { LinkSnapshot, NeighbourEvent } from '../../../../src-platform/index.ts';
import { createLog } from '../../../../src-platform/log.ts';

const ROUTER = '192.168.77.254';
const HOME = '02:b0:00:00:00:fe';
const HOTEL = '02:b0:00:00:00:aa';
const WIFI = 2;

describe('where the laptop is', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'bowline-whereabouts-'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  it('is told by routers, each asked for over its own link, whatever the kernel knows of another', async () => {
    const { places, asked, whereabouts } = look(stateDir);
    places.set(WIFI, HOME);
    await atHome(whereabouts, stateDir);
    expect(asked).toEqual([]);

    places.clear();
    expect([whereabouts.look([wifi()], new Set()), whereabouts.isElsewhere]).toEqual([false, false]);
    expect(asked).toEqual([`${ROUTER} on ${WIFI}`]);
    places.set(WIFI, HOTEL);
    expect([whereabouts.look([wifi()], new Set()), whereabouts.isElsewhere]).toEqual([true, true]);
    expect(whereabouts.look([wifi()], new Set(['wlan0']))).toBe(true);
  });

  it('is checked while the box is missed: what the kernel knows may be of the network before', async () => {
    const { places, asked, whereabouts } = look(stateDir);
    places.set(WIFI, HOME);
    await atHome(whereabouts, stateDir);
    whereabouts.look([wifi()], new Set());
    whereabouts.look([wifi()], new Set());
    expect([asked.length, whereabouts.isElsewhere]).toEqual([2, false]);
  });

  it('is unknown, and nothing worse, where the kernel refuses to ask', async () => {
    const { places, whereabouts } = look(stateDir, new Error('ENETDOWN'));
    places.set(WIFI, HOME);
    await atHome(whereabouts, stateDir);
    places.clear();
    whereabouts.look([wifi()], new Set());
    expect(whereabouts.isElsewhere).toBe(false);
  });
});

/** Looks, with the box answering, until the network is known as the home's. */
async function atHome(whereabouts: Whereabouts, stateDir: string): Promise<void> {
  await vi.waitFor(() => {
    whereabouts.look([wifi()], new Set(['wlan0']));
    expect(existsSync(join(stateDir, 'home.json'))).toBe(true);
  });
}

function look(stateDir: string, refusal: Error | null = null) {
  /** The router of each link, by the link's index. */
  const places = new Map<number, string>();
  const asked: string[] = [];
  const whereabouts = new Whereabouts({
    stateDir,
    log: createLog('error', () => undefined),
    neighbours: () => [...places].map(([ifindex, mac]) => entry(ifindex, mac)),
    resolve: (ifindex, address) => {
      if (refusal !== null) throw refusal;
      asked.push(`${address} on ${ifindex}`);
    },
  });
  return { places, asked, whereabouts };
}

function entry(ifindex: number, mac: string): NeighbourEvent {
  const known = { usable: true, failed: false, confirmedAgoMicros: 0 };
  return { type: 'neighbour', removed: false, ifindex, family: 4, address: ROUTER, mac, ...known };
}

function wifi(): LinkSnapshot {
  return {
    name: 'wlan0',
    ifindex: WIFI,
    kind: 'wifi',
    up: true,
    carrier: true,
    mtuBytes: 1500,
    mac: null,
    addresses: [],
    gateways: { 4: ROUTER, 6: null },
    ignoredBecause: null,
  };
}
