import type { LinkPaths } from '../../src-driver/link-paths.ts';
import {
  browseBoxes,
  decodePublicKey,
  fingerprintOf,
  type BoxBrowsing,
  type BrowseOptions,
  type DiscoveryLink,
  type LinkSnapshot,
} from '../../src-platform/index.ts';
import type { Log } from '../../src-platform/log.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import type { FoundBox } from '../../src-shared/model/found-box.ts';
import type { LinkPriority } from '../../src-shared/model/link.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import type { TunnelState } from '../connection/situation.ts';

/** What the finder has to know of the daemon. */
export interface SearchingDaemon {
  readonly links: readonly LinkSnapshot[];
  readonly priorities: ReadonlyMap<string, LinkPriority>;
  /** The box that this laptop belongs to. */
  readonly box: { readonly publicKey: string } | null;
  readonly tunnel: { readonly linkPaths: Pick<LinkPaths, 'setFound'> } | null;
}

/**
 * Looks for boxes on the local network, and only while there is a reason: somebody asks which there are, or the box of
 * this laptop does not answer where it used to. What claims to be that box, by its fingerprint, becomes one more address
 * to try; whether it is true shows in the handshake, which nobody passes without the box's key.
 */
export class BoxFinder {
  private readonly daemon: SearchingDaemon;
  private readonly log: Log;
  private readonly browse: typeof browseBoxes;
  /** The search for this laptop's own box. */
  private search: BoxBrowsing | null = null;
  private searchedLinks = '';
  private found = '';
  /** The search that commands share, and how many wait for it. */
  private asked: BoxBrowsing | null = null;
  private askers = 0;
  private isClosed = false;

  constructor(daemon: SearchingDaemon, log: Log, browse: typeof browseBoxes = browseBoxes) {
    this.daemon = daemon;
    this.log = log;
    this.browse = browse;
  }

  /** Begins or ends the search for the laptop's own box; to be called with every change of state or links. */
  follow(state: TunnelState): void {
    const { box } = this.daemon;
    const links = usableLinks(this.daemon);
    // Away, too: the box may have been taken along, or have got another router.
    const isMissed = state === 'box-unreachable' || (state === 'away' && links.length > 0);
    if (!isMissed || box === null || this.isClosed) {
      this.endSearch();
      return;
    }
    const text = JSON.stringify(links);
    if (this.search === null) this.beginSearch(fingerprintOf(decodePublicKey(box.publicKey)), links);
    else if (text !== this.searchedLinks) this.search.setLinks(links);
    this.searchedLinks = text;
  }

  /** Lists the boxes that answer within a time. */
  async find(timeoutMillis: number): Promise<Result<{ boxes: FoundBox[] }, ControlError>> {
    const links = usableLinks(this.daemon);
    if (links.length === 0) {
      const advice = 'connect a cable or Wi-Fi, and see bowline links';
      return err(controlError('NOT_POSSIBLE_NOW', `no link is connected, so no box can be found; ${advice}`));
    }
    this.asked ??= this.start({ links, onChange: () => undefined });
    const { asked } = this;
    this.askers++;
    await new Promise((resolve) => setTimeout(resolve, timeoutMillis));
    const boxes = asked.boxes();
    if (--this.askers === 0) {
      this.asked = null;
      void asked.stop();
    }
    if (boxes.length > 0 || asked.problem === null) return ok({ boxes });
    const { kind, detail } = asked.problem;
    const advice = 'give the address of the box by hand';
    const cause =
      kind === 'port-taken'
        ? `another program has UDP port 5353 to itself (${detail}); stop it, or ${advice}`
        : `the search was refused (${detail}); see bowline doctor, or ${advice}`;
    return err(controlError('NOT_POSSIBLE_NOW', `no box can be found: ${cause}`));
  }

  /** Lists the boxes that may be paired with; none if none can be found. */
  async findForPairing(): Promise<readonly FoundBox[]> {
    const found = await this.find(PAIRING_SEARCH_MILLIS);
    return found.ok ? found.value.boxes : [];
  }

  /** Ends everything. */
  close(): void {
    this.isClosed = true;
    this.endSearch();
    void this.asked?.stop();
    this.asked = null;
  }

  private beginSearch(fingerprint: string, links: readonly DiscoveryLink[]): void {
    this.log.info('box-search', { links: links.map(({ name }) => name) });
    this.found = '';
    this.search = this.start({
      links,
      fingerprint,
      onChange: (browsing) => this.onFound(browsing, fingerprint),
    });
  }

  private onFound(browsing: BoxBrowsing, fingerprint: string): void {
    const endpoints = browsing.endpointsOf(fingerprint);
    const text = JSON.stringify(endpoints);
    if (text === this.found || browsing !== this.search) return;
    this.found = text;
    this.log.info('box-found', { addresses: endpoints.length });
    this.log.debug('box-found-at', { endpoints });
    this.daemon.tunnel?.linkPaths.setFound(
      endpoints.map(({ address, port }) => {
        const [host = '', zone] = address.split('%', 2);
        return { address: host, port, zone: zone ?? null };
      }),
    );
  }

  private endSearch(): void {
    if (this.search === null) return;
    const { drops } = this.search;
    this.log.info('box-search-over', { drops: { ...drops } });
    void this.search.stop();
    this.search = null;
  }

  private start(options: Omit<BrowseOptions, 'onProblem'>): BoxBrowsing {
    const onProblem: BrowseOptions['onProblem'] = ({ kind, detail }) =>
      this.log.warn('discovery-refused', { kind, detail });
    return this.browse({ ...options, onProblem });
  }
}

/** The links on which a box may be found: those that the tunnel may use. */
function usableLinks({ links, priorities }: SearchingDaemon): DiscoveryLink[] {
  return links
    .filter(
      (link) =>
        link.ignoredBecause === null && link.up && link.carrier && priorities.get(link.name) !== 'never',
    )
    .map(({ name, ifindex, addresses }) => ({
      name,
      ifindex,
      addresses: addresses.map(({ family, address, prefixLength }) => ({ family, address, prefixLength })),
    }));
}

/** A box answers within 120 ms (RFC 6762, section 6), Wi-Fi in power save included three questions take two seconds. */
const PAIRING_SEARCH_MILLIS = 2_000;
