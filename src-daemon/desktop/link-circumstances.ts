import type { Session } from '../../src-engine/session.ts';
import type { LinkPaths } from '../../src-driver/link-paths.ts';
import {
  checkPortal,
  exec,
  isConnected,
  Neighbours,
  type LinkSnapshot,
  type NeighbourEvent,
} from '../../src-platform/index.ts';
import type { LinkStatus, LinkTrouble } from '../../src-shared/model/link.ts';
import type { PortalCheck } from '../../src-shared/model/settings.ts';
import { DozeDetector, troubleOf } from '../links/link-trouble.ts';

/** What is looked at once a second. */
export interface Circumstances {
  readonly links: readonly LinkSnapshot[];
  readonly statuses: readonly LinkStatus[];
  readonly tunnel: { readonly linkPaths: LinkPaths; readonly session: Session } | null;
  readonly portalCheck: PortalCheck;
  /** Where NetworkManager asks whether the internet is there. */
  readonly managerUri: string | null;
  readonly neighbours: () => readonly NeighbourEvent[];
  /** Monotonic microseconds. */
  readonly now: number;
}

/** Watches why connected links do not serve the tunnel. */
export class LinkCircumstances {
  troubles: ReadonlyMap<string, LinkTrouble> = new Map();
  private readonly silentSince = new Map<string, number>();
  private readonly dozing = new Map<string, DozeDetector>();
  /** Links by what their check for a login page showed, and when it began. */
  private readonly portals = new Map<string, { isPortal: boolean; askedAt: number; place: string }>();

  /** To be called once a second while protection is wanted. */
  look(circumstances: Circumstances): void {
    const { links, statuses } = circumstances;
    const connected = links.filter((link) => link.ignoredBecause === null && isConnected(link));
    for (const name of this.silentSince.keys()) {
      if (!connected.some((link) => link.name === name)) this.silentSince.delete(name);
    }
    const isServing = (status: LinkStatus): boolean =>
      status.state === 'carrying' || status.state === 'standby';
    const troubles = new Map<string, LinkTrouble>();
    for (const link of connected) {
      const status = statuses.find(({ name }) => name === link.name);
      if (status === undefined) continue;
      const silentMicros = this.silence(link.name, isServing(status), circumstances.now);
      const trouble = troubleOf({
        kind: link.kind,
        state: status.state,
        isPortal: this.isPortal(link, isServing(status), circumstances),
        silentMicros,
        isBoxElsewhere: statuses.some((other) => other.name !== link.name && isServing(other)),
        ...this.boxOn(link, silentMicros, circumstances),
        dozes: this.dozes(status),
      });
      if (trouble !== null) troubles.set(link.name, trouble);
    }
    this.troubles = troubles;
  }

  /** Nothing is wanted, so nothing is wrong. */
  forget(): void {
    this.troubles = new Map();
    this.silentSince.clear();
    this.dozing.clear();
    this.portals.clear();
  }

  private silence(name: string, isServing: boolean, now: number): number {
    if (isServing) this.silentSince.delete(name);
    else if (!this.silentSince.has(name)) this.silentSince.set(name, now);
    return now - (this.silentSince.get(name) ?? now);
  }

  private dozes(status: LinkStatus): boolean {
    const detector = this.dozing.get(status.name) ?? new DozeDetector();
    this.dozing.set(status.name, detector);
    const { kind, state, model } = status;
    return detector.note({
      kind,
      state,
      minRttMicros: model?.minRttMicros ?? null,
      smoothedRttMicros: model?.smoothedRttMicros ?? null,
    });
  }

  /** Whether the box should be found on a link, and whether the kernel has found it there. */
  private boxOn(
    link: LinkSnapshot,
    silentMicros: number,
    { tunnel, neighbours }: Circumstances,
  ): { isInBoxNetwork: boolean; boxNeighbour: 'answers' | 'silent' | 'unknown' } {
    const network = new Neighbours(link);
    const near = (tunnel?.linkPaths.boxAddresses ?? []).filter((address) => network.has(address));
    const entries = neighbours().filter(
      ({ ifindex, address }) => ifindex === link.ifindex && near.includes(address),
    );
    // The kernel believes for up to 45 s what it once heard: what counts is what it heard since the box is missed.
    const boxNeighbour = entries.some(({ confirmedAgoMicros }) => confirmedAgoMicros < silentMicros)
      ? 'answers'
      : entries.some(({ usable }) => !usable)
        ? 'silent'
        : 'unknown';
    return { isInBoxNetwork: near.length > 0, boxNeighbour };
  }

  /** A link that reaches the box needs no check; others are asked about when they are new, and now and then. */
  private isPortal(link: LinkSnapshot, isServing: boolean, circumstances: Circumstances): boolean {
    const { portalCheck, managerUri, now } = circumstances;
    const uri = portalCheck === 'auto' ? managerUri : portalCheck === 'off' ? null : portalCheck;
    if (isServing || uri === null || link.gateways[4] === null) {
      this.portals.delete(link.name);
      return false;
    }
    const place = JSON.stringify([link.ifindex, link.gateways, link.addresses, uri]);
    const known = this.portals.get(link.name);
    if (known?.place === place && now - known.askedAt < (known.isPortal ? ASK_PORTAL_MICROS : ASK_MICROS))
      return known.isPortal;
    const asked = { isPortal: known?.place === place && known.isPortal, askedAt: now, place };
    this.portals.set(link.name, asked);
    void checkPortal(exec, link.name, uri).then((verdict) => {
      if (verdict !== 'unknown') asked.isPortal = verdict === 'portal';
    });
    return asked.isPortal;
  }
}

/** A login takes a minute, and it should show soon that it worked. */
const ASK_PORTAL_MICROS = 10_000_000;
const ASK_MICROS = 60_000_000;
