import type { BusConnection, BusMessage, Resolved } from '../../src-platform/index.ts';
import type { AskServer, LinkSnapshot } from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import { type Check, fine, unseen, warning } from '../doctor/check.ts';
import { serversToAsk, serversToRoute, type KnownServers } from './choose-servers.ts';

/*
 * Names have to be found whichever link breaks, so questions for them ride in the tunnel, like everything else. Which
 * servers are asked is not changed: the ones that the network gave stay, no file is touched, and no server learns a
 * name that it would not have been asked for anyway.
 *
 * - systemd-resolved asks the servers of each link over that link. So the tunnel's link is given the same servers and the
 *   claim to all names (`~.`); names in a search domain of a link go on to that link alone, as before.
 * - Without it, programs ask the servers of the resolver file. A server in the own network of a link would be asked
 *   directly and with that link's luck; a rule sends such questions, and nothing else, into the tunnel.
 *
 * A server is only used in this way once it has answered through the tunnel: the box may be where it cannot reach it.
 */

/** What the keeper looks at. */
export interface NameSituation {
  /** Whether new connections enter the tunnel. */
  readonly isActive: boolean;
  /** The tunnel's device; 0 while there is none. */
  readonly ifindex: number;
  readonly address4: string;
  readonly address6: string | null;
  readonly links: readonly LinkSnapshot[];
}

export interface NameKeeperOptions {
  readonly log: Log;
  readonly askServer: AskServer;
  readonly readServers: () => readonly string[];
  readonly makeResolved: (bus: Pick<BusConnection, 'call'>) => Resolved;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The servers whose questions need a rule have changed. */
  readonly onChange: () => void;
}

/** Lets questions for names go through the tunnel while it works, and as they went before while it does not. */
export class NameKeeper {
  private readonly options: NameKeeperOptions;
  private situation: NameSituation = IDLE;
  private resolved: Resolved | null = null;
  private refusal: string | null = null;
  private refusedAt = 0;
  /** What is known of name servers through the tunnel. */
  private readonly verdicts = new Map<string, Verdict>();
  private answering: readonly string[] = [];
  private routed: readonly string[] = [];
  private inFile: readonly string[] = [];
  /** What resolved was told, so that the same is not said twice; empty if nothing. */
  private claimed = '';
  private claimedIfindex = 0;
  private lastKey = '';
  private work: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(options: NameKeeperOptions) {
    this.options = options;
    this.inFile = options.readServers();
  }

  /** Servers in the links' own networks whose questions go through the tunnel. */
  get routedServers(): readonly string[] {
    return this.routed;
  }

  /** To be called whenever something may have changed; the same as before costs nothing. */
  follow(situation: NameSituation): void {
    const key = JSON.stringify([situation, this.inFile]);
    if (key === this.lastKey || this.isClosed) return;
    this.lastKey = key;
    // Another tunnel may end elsewhere, and one that was interrupted may have come back in another network.
    if (!situation.isActive) this.verdicts.clear();
    this.situation = situation;
    this.update();
  }

  /** To be called once a second: the resolver file changes without a word. */
  tick(): void {
    if (!this.situation.isActive) return;
    const inFile = this.options.readServers();
    if (inFile.join() !== this.inFile.join()) {
      this.inFile = inFile;
      this.update();
    } else if (this.isRetryDue || this.isRefusalOld) this.update();
  }

  /** systemd-resolved runs: it is told anew, since one that was restarted may know nothing. */
  readonly onResolvedUp = (bus: Pick<BusConnection, 'call'>): void => {
    this.resolved = this.options.makeResolved(bus);
    this.claimed = '';
    this.update();
  };

  readonly onResolvedDown = (): void => {
    this.resolved = null;
    this.claimed = '';
    this.update();
  };

  /** A property of systemd-resolved changed, such as the servers of a link. */
  readonly onResolvedSignal = ({ member }: BusMessage): void => {
    if (member === 'PropertiesChanged') this.update();
  };

  /** Whether systemd-resolved encrypts its questions, wholly or where it can; false too where it cannot be asked. */
  async isResolvedEncrypting(): Promise<boolean> {
    try {
      const { resolved } = this;
      return resolved !== null && ['yes', 'opportunistic'].includes(await resolved.dnsOverTls());
    } catch (error) {
      this.options.log.debug('resolved-not-asked', describeError(error));
      return false;
    }
  }

  /** Says how names are found at the moment. */
  readonly check: Check = {
    name: 'names',
    look: () => {
      if (!this.situation.isActive) return unseen('the tunnel is not in use');
      if (this.refusal !== null) {
        const evidence = `systemd-resolved refused the tunnel's name servers: ${this.refusal}`;
        return warning(
          evidence,
          'copy packaging/polkit-1/50-bowline.rules to /etc/polkit-1/rules.d, or install a package of Bowline',
        );
      }
      if (this.answering.length === 0) {
        const evidence = 'no name server answers through the tunnel, so names are asked for over the links';
        return warning(evidence, 'let the box reach a name server of the home, or set a public one here');
      }
      const how = this.resolved === null ? '' : ', by systemd-resolved';
      return fine(`questions go through the tunnel to ${this.answering.join(', ')}${how}`);
    },
  };

  /** Puts back what was before; resolves when resolved has been told. */
  async close(): Promise<void> {
    this.situation = IDLE;
    this.update();
    this.isClosed = true;
    await this.work;
  }

  private update(): void {
    if (this.isClosed) return;
    this.work = this.work
      .then(() => this.apply())
      .catch((error: unknown) => this.options.log.warn('names-failed', describeError(error)));
  }

  private async apply(): Promise<void> {
    const { isActive, links, address6 } = this.situation;
    if (isActive) {
      const known: KnownServers = { byLink: (await this.resolved?.servers()) ?? null, inFile: this.inFile };
      const answering = await this.answeringOf(serversToAsk(known, links, address6 !== null));
      // Much can happen while servers are asked.
      this.answering = this.situation.isActive ? answering : [];
    } else this.answering = [];
    const routed = serversToRoute(this.answering, links);
    if (routed.join() !== this.routed.join()) {
      this.routed = routed;
      this.options.log.info('name-servers', { routed: routed.length, answering: this.answering.length });
      this.options.onChange();
    }
    await this.tellResolved();
  }

  private async answeringOf(servers: readonly string[]): Promise<readonly string[]> {
    const { address4, address6 } = this.situation;
    const { askServer, now } = this.options;
    await Promise.all(
      servers.map(async (server) => {
        const verdict = this.verdicts.get(server);
        if (verdict?.isServed === true || (verdict !== undefined && !this.isDue(verdict))) return;
        const isServed = await askServer(server, server.includes(':') ? (address6 ?? '::') : address4);
        const refusals = isServed ? 0 : (verdict?.refusals ?? 0) + 1;
        this.verdicts.set(server, { isServed, refusals, askedAt: now() });
      }),
    );
    return servers.filter((server) => this.verdicts.get(server)?.isServed === true);
  }

  private async tellResolved(): Promise<void> {
    const { resolved, answering } = this;
    const { ifindex } = this.situation;
    if (resolved === null) return;
    // A device that is gone has taken what was said of it along.
    if (ifindex !== this.claimedIfindex) this.claimed = '';
    const wanted = ifindex === 0 ? '' : answering.join();
    if (wanted === this.claimed) return;
    try {
      this.claimedIfindex = ifindex;
      this.claimed = HALF_TOLD;
      if (wanted === '') await resolved.release(ifindex);
      else await resolved.claim(ifindex, answering);
      this.claimed = wanted;
      this.refusal = null;
      this.options.log.info('resolved-told', { servers: wanted === '' ? 0 : answering.length });
    } catch (error) {
      if (this.refusal === null) this.options.log.warn('resolved-refused', describeError(error));
      this.refusal = (error as Error).message;
      this.refusedAt = this.options.now();
    }
  }

  private get isRetryDue(): boolean {
    return [...this.verdicts.values()].some((verdict) => !verdict.isServed && this.isDue(verdict));
  }

  /** Whoever allows it later should not have to start anything anew. */
  private get isRefusalOld(): boolean {
    return this.refusal !== null && this.options.now() - this.refusedAt >= ASK_AGAIN_MS;
  }

  private isDue({ askedAt, refusals }: Verdict): boolean {
    const pauseMs = Math.min(ASK_AGAIN_MS, FIRST_AGAIN_MS * 2 ** (refusals - 1));
    return this.options.now() - askedAt >= pauseMs;
  }
}

/** Whether a server answered through the tunnel, how often in a row it did not, and when it was asked. */
interface Verdict {
  readonly isServed: boolean;
  readonly refusals: number;
  readonly askedAt: number;
}

/** What was told of a link whose settings were refused half-way; differs from whatever may be wanted. */
const HALF_TOLD = '?';

const IDLE: NameSituation = { isActive: false, ifindex: 0, address4: '', address6: null, links: [] };
/** A server that does not answer through the tunnel seldom begins to; names are found without it meanwhile. */
const ASK_AGAIN_MS = 30_000;
/** A tunnel that has just come up may lose the first questions; from then on the pause doubles. */
const FIRST_AGAIN_MS = 2_000;
