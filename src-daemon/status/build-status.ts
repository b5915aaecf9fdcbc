import type { DropCounters } from '../../src-engine/drop-counters.ts';
import type { Path } from '../../src-engine/path/path.ts';
import { readPathModel } from '../../src-engine/path-model.ts';
import type { Session } from '../../src-engine/session.ts';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import type { LinkPaths } from '../../src-driver/link-paths.ts';
import { decodePublicKey, fingerprintOf, type LinkSnapshot } from '../../src-platform/index.ts';
import type {
  LanAccess,
  LinkPriority,
  LinkStatus,
  LinkTrouble,
  MeteredChoice,
} from '../../src-shared/model/link.ts';
import type {
  BoxIdentity,
  DaemonStatus,
  DegradedReason,
  FailureCause,
  Internet,
  Mode,
} from '../../src-shared/model/status.ts';
import type { TunnelConfig } from '../../src-shared/tunnel/control-message.ts';
import { VERSION } from '../../src-shared/version.ts';
import type { KnownBox } from '../arguments.ts';
import { type Situation, stateOf } from '../connection/situation.ts';
import { linkModel } from './link-model.ts';
import type { RateMeter } from './rate-meter.ts';
import type { SwitchLog } from './switch-log.ts';

/** The tunnel as far as a status tells of it. */
export interface StatusTunnel {
  readonly linkPaths: LinkPaths;
  readonly session: Session;
  readonly engine: { readonly drops: DropCounters };
}

/** Everything a status is made from. */
export interface StatusFacts {
  readonly situation: Situation;
  readonly mode: Mode;
  readonly box: BoxIdentity | null;
  readonly boxVersion: string | null;
  readonly links: readonly LinkSnapshot[];
  readonly priorities: ReadonlyMap<string, LinkPriority>;
  readonly metered: ReadonlySet<string>;
  readonly meteredChoices: ReadonlyMap<string, MeteredChoice>;
  readonly lan: LanAccess;
  /** Who keeps removing the tunnel's routes, empty where that is not known; null as long as nobody does. */
  readonly contestedBy: string | null;
  readonly tunnel: StatusTunnel | null;
  readonly rates: RateMeter;
  readonly switches: Pick<SwitchLog, 'last' | 'hidden'>;
  readonly leavingUntil: string | null;
  /** What keeps links from serving as they should, by name. */
  readonly troubles: ReadonlyMap<string, LinkTrouble>;
  readonly timelineLength: number;
  readonly attempts: number;
  readonly failureDetail: string;
}

/** The one object that the window, the tray and the command line show. */
export function buildStatus(facts: StatusFacts): DaemonStatus {
  const { situation, switches } = facts;
  const { session = null, linkPaths = null } = facts.tunnel ?? {};
  const links = facts.links.map((link) => linkStatus(link, facts));
  const first = linkPaths?.pathOf(session?.scheduler.carrying?.id ?? -1)?.linkName;
  const carrying = links
    .filter(({ state }) => state === 'carrying')
    .map(({ name }) => name)
    .sort((one, other) => Number(other === first) - Number(one === first));
  const outbox = session?.outbox;
  const common = {
    internet: internetOf(facts),
    mode: facts.mode,
    lan: facts.lan,
    ipv6: situation.ipv6,
    box: facts.box,
    carrying,
    links,
    lastSwitch: switches.last,
    counters: {
      interruptionsHidden: switches.hidden,
      packetsReplayed: outbox?.chunksReplayed ?? 0,
      packetsLost: outbox?.messagesDropped ?? 0,
      bytesDuplicatedRatio: duplicatedRatio(session),
      drops: facts.tunnel?.engine.drops.snapshot() ?? {},
    },
    leavingUntil: facts.leavingUntil,
    timelineLength: facts.timelineLength,
    version: { daemon: VERSION, box: facts.boxVersion, protocol: PROTOCOL_VERSION },
  };
  const state = stateOf(situation);
  switch (state) {
    case 'off':
      return { ...common, state, draining: situation.isDraining };
    case 'connecting':
      return { ...common, state, attempt: Math.max(1, facts.attempts) };
    case 'protected':
      return { ...common, state, degraded: degradedReasons(links, facts.contestedBy) };
    case 'away':
      return { ...common, state, reason: situation.usableLinks === 0 ? 'no-link' : 'other-network' };
    case 'box-unreachable': {
      const lost = Math.max(situation.lostSince, situation.wantedSince);
      const since = new Date(Date.now() - (situation.now - lost) / 1_000).toISOString();
      return { ...common, state, since, nextTryAt: new Date(Date.now() + RETRY_MS).toISOString() };
    }
    case 'failed': {
      const cause: FailureCause = situation.failure ?? 'no-box-configured';
      return { ...common, state, cause, detail: facts.failureDetail };
    }
  }
}

/** Who the box is: what it said of itself, or else what the command line says. */
export function boxIdentity(
  box: KnownBox | null,
  config: TunnelConfig | null,
  linkPaths: LinkPaths | null,
): BoxIdentity | null {
  const host = box?.hosts[0]?.host;
  if (box === null || host === undefined) return null;
  return {
    name: config?.boxName ?? box.name ?? host,
    address: linkPaths?.paths[0]?.remote.address ?? host,
    fingerprint: fingerprintOf(decodePublicKey(box.publicKey)),
  };
}

function internetOf({ situation, links }: StatusFacts): Internet {
  const state = stateOf(situation);
  if (state === 'protected') return 'tunnelled';
  const hasUplink = links.some(
    (link) => link.up && link.carrier && (link.gateways[4] ?? link.gateways[6]) !== null,
  );
  if (!hasUplink) return 'none';
  // While the box is only just silent, new connections wait in the tunnel.
  return state === 'connecting' && situation.isRouted ? 'none' : 'direct';
}

function duplicatedRatio(session: Session | null): number {
  if (session === null) return 0;
  const total = session.paths.reduce((sum, path) => sum + path.bytesSent, 0);
  return total === 0 ? 0 : Math.min(1, session.outbox.bytesRepeated / total);
}

function linkStatus(link: LinkSnapshot, facts: StatusFacts): LinkStatus {
  const { session = null, linkPaths = null } = facts.tunnel ?? {};
  const path = bestPathOf(link, session, linkPaths);
  const own = linkPaths?.paths.find((candidate) => candidate.pathId === path?.id);
  const rate = facts.rates.of(link.name);
  const model = session === null || path === null ? null : linkModel(readPathModel(session, path));
  return {
    name: link.name,
    kind: link.kind,
    address: own?.localAddress ?? link.addresses[0]?.address ?? null,
    state: linkState(link, path, model?.role === 'member' || session?.scheduler.carrying === path),
    priority: facts.priorities.get(link.name) ?? 'auto',
    metered: facts.metered.has(link.name),
    meteredChoice: facts.meteredChoices.get(link.name) ?? 'auto',
    rttMicros: path?.rtt.hasSample === true ? Math.round(path.rtt.smoothedMicros) : null,
    lossRatio: path === null ? 0 : Math.round(path.lossRatio * 1e4) / 1e4,
    txBitsPerSecond: rate.tx,
    rxBitsPerSecond: rate.rx,
    datagramBytes: path?.isUsable === true ? path.mtu.datagramBytes : null,
    ignoredBecause: link.ignoredBecause,
    trouble: facts.troubles.get(link.name) ?? null,
    model,
  };
}

function linkState(link: LinkSnapshot, path: Path | null, isCarrying: boolean): LinkStatus['state'] {
  if (link.ignoredBecause !== null) return 'ignored';
  if (path === null || path.state === 'probing') return 'lost';
  if (path.state === 'suspect') return 'suspect';
  return isCarrying ? 'carrying' : 'standby';
}

/** Of several paths of a link the one that carries, or else a usable one. */
function bestPathOf(link: LinkSnapshot, session: Session | null, linkPaths: LinkPaths | null): Path | null {
  const paths = (linkPaths?.paths ?? [])
    .filter((path) => path.linkName === link.name)
    .flatMap((path) => session?.paths[path.pathId] ?? []);
  const carrying = paths.find((path) => path === session?.scheduler.carrying);
  return carrying ?? paths.find((path) => path.isUsable) ?? paths[0] ?? null;
}

function degradedReasons(links: readonly LinkStatus[], contestedBy: string | null): DegradedReason[] {
  const reasons: DegradedReason[] = [];
  if (contestedBy !== null)
    reasons.push({ kind: 'routes-contested', by: contestedBy === '' ? null : contestedBy });
  for (const link of links) {
    if (link.state !== 'carrying') continue;
    if (link.lossRatio > NOTABLE_LOSS)
      reasons.push({ kind: 'loss', link: link.name, lossRatio: link.lossRatio });
    if ((link.rttMicros ?? 0) > NOTABLE_RTT_MICROS) {
      reasons.push({ kind: 'slow', link: link.name, rttMicros: link.rttMicros ?? 0 });
    }
  }
  if (links.filter(({ state }) => state === 'carrying' || state === 'standby').length < 2)
    reasons.push({ kind: 'no-standby' });
  return reasons;
}

/** Lost links are asked again at least this often. */
const RETRY_MS = 200;
/** Below 3 % replay hides loss from programs. */
const NOTABLE_LOSS = 0.03;
/** On a home network, more than this is felt. */
const NOTABLE_RTT_MICROS = 100_000;
