import {
  decodeMessage,
  encodeQuery,
  encodeResponse,
  type DnsMessage,
  type DnsRecord,
} from './dns-message.ts';
import type { DiscoveryLink } from './local-network.ts';
import {
  openMdns,
  type MdnsProblem,
  type MdnsSource,
  type MdnsTransport,
  type MdnsTransportOptions,
} from './mdns-sockets.ts';
import {
  announcedName,
  instanceLabel,
  SERVICE_DOMAIN,
  SERVICE_NAME,
  textStrings,
  type BoxService,
} from './service.ts';

/*
 * The box as its own multicast DNS responder, for machines without Avahi (RFC 6762 and 6763).
 *
 * It has one instance of one service, so there is one answer: all records at once, in about 300 bytes. A name is asked
 * for three times ("probing") before it is used. If somebody has it, the next try has a part of the fingerprint in it. If
 * two ask at the same moment, the greater claim wins and the other asks again a second later. The host name is made of
 * the fingerprint, so nobody else has it.
 */

/** An interface on which the box is announced, with those of its addresses that the box listens on. */
export interface AnnouncedLink extends DiscoveryLink {
  readonly announced: readonly string[];
}

/** Where the responder stands; `taken` while names are refused by somebody who claims all of them. */
export interface ResponderState {
  readonly state: 'starting' | 'announced' | 'taken';
  /** The name it announces, or tries to. */
  readonly name: string;
  readonly problem: MdnsProblem | null;
}

export interface ResponderOptions {
  readonly service: BoxService;
  readonly links: readonly AnnouncedLink[];
  readonly onChange: (state: ResponderState) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** For tests. */
  readonly openTransport?: (options: MdnsTransportOptions) => MdnsTransport;
}

/** How long others may believe an answer: a box that lost its power is forgotten in two minutes. */
const TTL_SECONDS = 120;
/** Three probes at this distance, the first after a random part of it, so that boxes do not ask in step (8.1). */
const PROBE_DISTANCE_MS = 250;
const PROBES = 3;
/** The one whose claim is smaller asks again after this time (8.2). */
const YIELD_MS = 1_000;
/** The announcement is repeated once, since one datagram may be lost (8.3). */
const ANNOUNCE_AGAIN_MS = 1_000;
/** Several boxes answer one question: not all in the same moment (6). */
const ANSWER_DELAY_MS = { least: 20, spread: 100 } as const;
/** One answer a second says everything to everybody (6). */
const ANSWER_DISTANCE_MS = 1_000;
/** With all five groups of the fingerprint in the name, a conflict is no accident. */
const MAX_CONFLICTS = 5;
const GIVE_UP_MS = 60_000;

const ALL_SERVICES = `_services._dns-sd._udp.${SERVICE_DOMAIN}`;

/** Answers for one box on the local network until it is stopped. */
export class BoxResponder {
  private readonly options: ResponderOptions;
  private readonly now: () => number;
  private readonly transport: MdnsTransport;
  private links: readonly AnnouncedLink[] = [];
  private readonly answers = new Map<string, { timer: NodeJS.Timeout | null; lastAt: number }>();
  private conflicts = 0;
  private probesLeft = 0;
  private step: NodeJS.Timeout | null = null;
  /** Whether the present name is ours: then questions are answered, while it is asked for again too. */
  private hasName = false;
  private isStopped = false;
  private current: ResponderState;

  constructor(options: ResponderOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.current = { state: 'starting', name: announcedName(options.service, 0), problem: null };
    this.transport = (options.openTransport ?? openMdns)({
      onDatagram: (datagram, source) => this.onDatagram(datagram, source),
      onOpen: () => this.probeAgain(0),
      onProblem: (problem) => this.become({ problem }),
    });
    this.setLinks(options.links);
  }

  get state(): ResponderState {
    return this.current;
  }

  /** Announces on these links; a link that is new or has other addresses is announced anew. */
  setLinks(links: readonly AnnouncedLink[]): void {
    this.links = links;
    this.transport.setLinks(links);
  }

  /** Says goodbye and ends. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.step !== null) clearTimeout(this.step);
    for (const { timer } of this.answers.values()) if (timer !== null) clearTimeout(timer);
    if (this.hasName)
      for (const link of this.links) this.transport.send(link, encodeResponse(this.records(link, 0)));
    await this.transport.close();
  }

  // ---- the name --------------------------------------------------------------------------------------------------

  private probeAgain(delayMs: number): void {
    if (this.isStopped) return;
    this.probesLeft = PROBES;
    this.next(delayMs + this.options.random() * PROBE_DISTANCE_MS, () => this.probe());
  }

  private probe(): void {
    if (this.probesLeft === 0) {
      this.hasName = true;
      this.become({ state: 'announced', problem: null });
      this.announce();
      this.next(ANNOUNCE_AGAIN_MS, () => this.announce());
      return;
    }
    this.probesLeft--;
    const query = encodeQuery([{ name: this.instance, type: 'ANY' }], { claims: [this.serviceRecord()] });
    for (const link of this.links) this.transport.send(link, query);
    this.next(PROBE_DISTANCE_MS, () => this.probe());
  }

  private announce(): void {
    for (const link of this.links) this.transport.send(link, encodeResponse(this.records(link, TTL_SECONDS)));
  }

  private get isProbing(): boolean {
    return this.probesLeft > 0 || !this.hasName;
  }

  private onConflict(): void {
    if (!this.isProbing) {
      // Somebody says that our name is theirs. Who is right shows when it is asked for again (9).
      this.probeAgain(0);
      return;
    }
    this.hasName = false;
    this.conflicts++;
    const isHopeless = this.conflicts > MAX_CONFLICTS;
    if (isHopeless) this.conflicts = 0;
    const name = announcedName(this.options.service, this.conflicts);
    this.become({ state: isHopeless ? 'taken' : 'starting', name });
    this.probeAgain(isHopeless ? GIVE_UP_MS : 0);
  }

  // ---- what others say -------------------------------------------------------------------------------------------

  private onDatagram(datagram: Uint8Array, source: MdnsSource): void {
    if (this.isStopped) return;
    const message = decodeMessage(datagram);
    const link = this.links.find(({ name }) => name === source.link.name);
    if (message === null || link === undefined) return;
    if (message.isResponse) {
      const claims = [...message.answers, ...message.additionals];
      // A goodbye gives the name up, it claims nothing.
      if (claims.some((record) => record.ttlSeconds > 0 && this.compareClaim(record) !== 0))
        this.onConflict();
      return;
    }
    const claim = message.authorities.map((record) => this.compareClaim(record)).find((order) => order !== 0);
    if (claim !== undefined && !this.hasName) {
      if (claim < 0) this.probeAgain(YIELD_MS);
      return;
    }
    if (this.hasName && this.isAsked(message, link)) this.answer(link, claim !== undefined);
  }

  /** 0 for a record that is no claim to our name or our own; otherwise the sign of our claim compared with it. */
  private compareClaim(record: DnsRecord): number {
    if (record.type !== 'SRV' || record.name.toLowerCase() !== this.instance.toLowerCase()) return 0;
    // The order of the bytes on the wire: priority and weight, which are 0, then port, then target.
    const own = this.options.service.port - record.port;
    if (own !== 0) return own;
    const target = record.target.toLowerCase();
    return this.host < target ? -1 : this.host > target ? 1 : 0;
  }

  private isAsked({ questions, answers }: DnsMessage, link: AnnouncedLink): boolean {
    const own = this.records(link, TTL_SECONDS);
    const isKnown = (record: DnsRecord): boolean =>
      record.type === 'PTR' &&
      answers.some(
        (known) =>
          known.type === 'PTR' &&
          known.name.toLowerCase() === record.name.toLowerCase() &&
          known.target.toLowerCase() === record.target.toLowerCase() &&
          known.ttlSeconds >= TTL_SECONDS / 2,
      );
    return questions.some(({ name, type }) =>
      own.some(
        (record) =>
          (type === record.type || type === 'ANY') &&
          record.name.toLowerCase() === name.toLowerCase() &&
          !isKnown(record),
      ),
    );
  }

  private answer(link: AnnouncedLink, isDefence: boolean): void {
    const now = this.now();
    const waiting = this.answers.get(link.name) ?? { timer: null, lastAt: -Infinity };
    this.answers.set(link.name, waiting);
    if (waiting.timer !== null) return;
    const send = (): void => {
      waiting.timer = null;
      waiting.lastAt = this.now();
      const present = this.links.find(({ name }) => name === link.name);
      if (present !== undefined && this.hasName)
        this.transport.send(present, encodeResponse(this.records(present, TTL_SECONDS)));
    };
    const delayMs = ANSWER_DELAY_MS.least + this.options.random() * ANSWER_DELAY_MS.spread;
    // Whoever is about to take the name asks three times within 750 ms, and has to hear us before the end.
    const distanceMs = isDefence ? PROBE_DISTANCE_MS : ANSWER_DISTANCE_MS;
    waiting.timer = setTimeout(send, Math.max(isDefence ? 0 : delayMs, waiting.lastAt + distanceMs - now));
  }

  // ---- what there is to say --------------------------------------------------------------------------------------

  private get instance(): string {
    return `${instanceLabel(this.current.name)}.${SERVICE_NAME}`;
  }

  private get host(): string {
    return `bowline-${this.options.service.fingerprint.replaceAll('-', '')}.${SERVICE_DOMAIN}`;
  }

  private serviceRecord(ttlSeconds = TTL_SECONDS): DnsRecord {
    const { port } = this.options.service;
    return { type: 'SRV', name: this.instance, ttlSeconds, isUnique: true, target: this.host, port };
  }

  private records(link: AnnouncedLink, ttlSeconds: number): DnsRecord[] {
    const { service } = this.options;
    const strings = textStrings(service, this.current.name).map((text) => Buffer.from(text));
    return [
      { type: 'PTR', name: SERVICE_NAME, ttlSeconds, target: this.instance },
      { type: 'PTR', name: ALL_SERVICES, ttlSeconds, target: SERVICE_NAME },
      this.serviceRecord(ttlSeconds),
      { type: 'TXT', name: this.instance, ttlSeconds, isUnique: true, strings },
      // Not marked as unique: a second interface in the same network announces others for the same name.
      ...link.announced.map((address): DnsRecord => {
        return { type: address.includes(':') ? 'AAAA' : 'A', name: this.host, ttlSeconds, address };
      }),
    ];
  }

  private next(delayMs: number, act: () => void): void {
    if (this.step !== null) clearTimeout(this.step);
    this.step = setTimeout(act, delayMs);
  }

  private become(change: Partial<ResponderState>): void {
    const before = this.current;
    this.current = { ...before, ...change };
    if (!this.isStopped) this.options.onChange(this.current);
  }
}
