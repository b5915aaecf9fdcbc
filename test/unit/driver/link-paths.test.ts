import { describe, expect, it } from 'vitest';
import { candidatesOf } from '../../../src-driver/box-address.ts';
import { LinkPaths } from '../../../src-driver/link-paths.ts';
import type { Pump } from '../../../src-driver/pump.ts';
import type { PathState } from '../../../src-engine/path/path.ts';
import type { Session } from '../../../src-engine/session.ts';
import type { LinkAddress, LinkSnapshot } from '../../../src-platform/index.ts';

const BOX = { address: 'fd00:77::1', port: 4747, zone: null };

describe('the way from a link to the box', () => {
  it('starts at an address that lasts, although the kernel names the others first', () => {
    const link = linkWith([
      address('fd00:77::aaaa', { deprecated: true }),
      address('fd00:77::bbbb', { temporary: true }),
      address('fd00:77::cccc'),
    ]);
    expect(candidatesOf(link, [BOX]).map(({ localAddress }) => localAddress)).toEqual(['fd00:77::cccc']);
    const roaming = linkWith([
      address('fd00:77::aaaa', { deprecated: true }),
      address('fd00:77::bbbb', { temporary: true }),
    ]);
    expect(candidatesOf(roaming, [BOX])[0]?.localAddress).toBe('fd00:77::bbbb');
  });
});

describe('a path whose address is about to go', () => {
  it('is replaced while both work: one opens, then carries, then the old one ends', () => {
    const stage = new Stage();
    stage.show([address('fd00:77::10')]);
    stage.answer('fd00:77::10');
    stage.show([address('fd00:77::10', { deprecated: true }), address('fd00:77::11')]);
    expect(stage.paths).toEqual({ 'fd00:77::10': 'validated', 'fd00:77::11': 'probing' });
    stage.answer('fd00:77::11');
    stage.tick(400);
    expect(stage.paths, 'the new one has to prove itself').toEqual({
      'fd00:77::10': 'validated',
      'fd00:77::11': 'validated',
    });
    stage.tick(400);
    expect(stage.leading, 'what is on its way on the old one arrives').toBe('fd00:77::11');
    expect(Object.keys(stage.paths)).toEqual(['fd00:77::10', 'fd00:77::11']);
    stage.tick(1_000);
    expect(stage.paths).toEqual({ 'fd00:77::11': 'validated' });
    expect(stage.closedBecause).toEqual(['user']);
  });

  it('stays while there is nothing to go on from, and while the new one does not answer', () => {
    const stage = new Stage();
    stage.show([address('fd00:77::10')]);
    stage.answer('fd00:77::10');
    stage.show([address('fd00:77::10', { deprecated: true })]);
    stage.tick(5_000);
    expect(stage.paths).toEqual({ 'fd00:77::10': 'validated' });
    stage.show([address('fd00:77::10', { deprecated: true }), address('fd00:77::11')]);
    for (let i = 0; i < 5; i++) stage.tick(1_000);
    expect(stage.paths).toEqual({ 'fd00:77::10': 'validated', 'fd00:77::11': 'probing' });
    expect(stage.leading).toBe('fd00:77::10');
  });
});

describe('a link that is set to another size', () => {
  it('tells its paths, less what the family of the path takes', () => {
    const stage = new Stage();
    stage.show([address('fd00:77::10')]);
    stage.answer('fd00:77::10');
    expect(stage.sizes).toEqual([1_452]);
    stage.show([address('fd00:77::10')], 1_280);
    expect(stage.sizes).toEqual([1_232]);
    stage.show([address('fd00:77::10')], 9_000);
    expect(stage.sizes).toEqual([8_952]);
  });
});

/** Paths over one link, with a session that believes what it is told. */
class Stage {
  readonly closedBecause: string[] = [];
  private now = 1_000_000;
  private readonly states = new Map<number, PathRecord>();
  private readonly linkPaths: LinkPaths;

  constructor() {
    const session = {
      path: (id: number) => this.record(id),
      openPath: (id: number, _socket: number, _remote: number, rank: number, maximumDatagramBytes: number) =>
        this.states.set(id, {
          state: 'probing',
          isUsable: false,
          validatedAt: 0,
          rank,
          maximumDatagramBytes,
        }),
      resizePath: (id: number, bytes: number) => void (this.record(id).maximumDatagramBytes = bytes),
      rankPath: (id: number, rank: number) => void (this.record(id).rank = rank),
      closePath: (id: number, reason: string) => {
        this.states.delete(id);
        this.closedBecause.push(reason);
      },
    };
    const pump = {
      now: () => this.now,
      addSocket: () => 0,
      removeSocket: () => undefined,
      pinRemotes: () => undefined,
      flush: () => undefined,
    };
    this.linkPaths = new LinkPaths({
      native: { UdpSocket: Object, addressIntern: () => 1 } as never,
      pump: pump as unknown as Pump,
      session: session as unknown as Session,
      mark: 1,
      onRefused: (_link, error) => {
        throw error;
      },
    });
    this.linkPaths.setBox([BOX]);
  }

  private record(id: number): PathRecord {
    return this.states.get(id) ?? { ...CLOSED };
  }

  show(addresses: readonly LinkAddress[], mtuBytes = 1_500): void {
    this.linkPaths.setLinks([linkWith(addresses, mtuBytes)], { priorities: new Map(), metered: new Set() });
  }

  answer(localAddress: string): void {
    const { pathId } = this.linkPaths.paths.find((path) => path.localAddress === localAddress)!;
    Object.assign(this.record(pathId), { state: 'validated', isUsable: true, validatedAt: this.now });
  }

  tick(milliseconds: number): void {
    this.now += milliseconds * 1_000;
    this.linkPaths.reconcile();
  }

  get paths(): Record<string, PathState> {
    return Object.fromEntries(
      this.linkPaths.paths.map(({ localAddress, pathId }) => [localAddress, this.record(pathId).state]),
    );
  }

  get sizes(): number[] {
    return this.linkPaths.paths.map(({ pathId }) => this.record(pathId).maximumDatagramBytes);
  }

  /** The address of the path that ranks first. */
  get leading(): string | undefined {
    const rankOf = (pathId: number): number => this.record(pathId).rank;
    return [...this.linkPaths.paths].sort((a, b) => rankOf(a.pathId) - rankOf(b.pathId))[0]?.localAddress;
  }
}

interface PathRecord {
  state: PathState;
  isUsable: boolean;
  validatedAt: number;
  rank: number;
  maximumDatagramBytes: number;
}

const CLOSED: PathRecord = {
  state: 'closed',
  isUsable: false,
  validatedAt: 0,
  rank: 0,
  maximumDatagramBytes: 0,
};

function address(text: string, traits: Partial<LinkAddress> = {}): LinkAddress {
  return {
    family: 6,
    address: text,
    prefixLength: 64,
    scope: 'global',
    temporary: false,
    deprecated: false,
    ...traits,
  };
}

function linkWith(addresses: readonly LinkAddress[], mtuBytes = 1_500): LinkSnapshot {
  return {
    name: 'eth0',
    ifindex: 2,
    kind: 'ethernet',
    up: true,
    carrier: true,
    mtuBytes,
    mac: null,
    addresses,
    gateways: { 4: null, 6: null },
    ignoredBecause: null,
  };
}
