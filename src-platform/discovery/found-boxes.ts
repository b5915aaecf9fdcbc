import { isIP, isIPv4 } from 'node:net';
import { MAX_FOUND_BOXES, type FoundBox } from '../../src-shared/model/found-box.ts';
import { decodeMessage, type DnsQuestion, type DnsRecord } from './dns-message.ts';
import { isLinkLocal6, isPrivateAddress, Neighbours } from './local-network.ts';
import type { MdnsSource } from './mdns-sockets.ts';
import { parseText, SERVICE_NAME, type BoxText } from './service.ts';

/*
 * What neighbours say about boxes. Everything here is hearsay: a claim is kept with the one who made it, so that nobody
 * can overwrite what another said, and everything is bounded. Only a handshake proves that a box has the key whose
 * fingerprint it shows.
 */

/** Where a box may be reached. */
export interface FoundEndpoint {
  readonly address: string;
  readonly port: number;
}

/** Why a datagram was of no use; counted, never thrown about. */
export type DiscoveryDrop = 'malformed' | 'not-a-box' | 'too-many';

/** Neighbours that are listened to; a box with two families on two links counts as four. */
const MAX_SENDERS = 256;
/** Boxes and hosts that one neighbour may speak for: a router that repeats what it hears in another network. */
const MAX_PER_SENDER = 16;
const MAX_ADDRESSES_PER_HOST = 8;
/** Addresses of one box that are handed on. A machine has one or two on each of its networks, in each family. */
const MAX_ADDRESSES = 16;
/** What is claimed is asked for again at the latest after this time, whatever the claim says: boxes come and go. */
const LONGEST_LIFE_MS = 120_000;
const SECOND_MS = 1_000;

/** A neighbour's claims, by lower-case name. */
interface Sender {
  readonly source: MdnsSource;
  readonly neighbours: Neighbours;
  readonly instances: Map<string, Instance>;
  readonly hosts: Map<string, Map<string, number>>;
}

interface Instance {
  text: BoxText | null;
  service: { readonly target: string; readonly port: number } | null;
  expiresAt: number;
}

/** Collects boxes from multicast DNS datagrams. Times are milliseconds of any monotonic clock. */
export class FoundBoxes {
  readonly drops: Record<DiscoveryDrop, number> = { malformed: 0, 'not-a-box': 0, 'too-many': 0 };
  private readonly senders = new Map<string, Sender>();
  private readonly only: string | null;

  /** @param only a fingerprint, to listen for no other box: then others cannot take its room */
  constructor(only: string | null = null) {
    this.only = only;
  }

  /** Takes a datagram. @returns whether it said anything about a box. Never throws. */
  take(datagram: Uint8Array, source: MdnsSource, now: number): boolean {
    const message = decodeMessage(datagram);
    if (message === null) {
      this.drops.malformed++;
      return false;
    }
    if (!message.isResponse) return false;
    const records = [...message.answers, ...message.additionals];
    const sender = this.senderFor(source, records, now);
    if (sender === null) return false;
    // Instances first: an address counts only where an instance leads to it.
    for (const record of records) this.noteInstance(sender, record, now);
    for (const record of records) this.noteAddress(sender, record, now);
    return true;
  }

  /** All complete boxes, one for each fingerprint, sorted by name. */
  boxes(now: number): FoundBox[] {
    const found = new Map<string, { text: BoxText; endpoints: FoundEndpoint[] }>();
    for (const { text, endpoints } of this.complete(now)) {
      const known = found.get(text.fingerprint);
      if (known !== undefined) known.endpoints.push(...endpoints);
      else if (found.size < MAX_FOUND_BOXES) found.set(text.fingerprint, { text, endpoints: [...endpoints] });
    }
    return [...found.values()]
      .map(({ text, endpoints }) => {
        const port = endpoints[0]!.port;
        const addresses = endpoints
          .filter((endpoint) => endpoint.port === port)
          .map(({ address }) => address);
        return { ...text, port, addresses: firstDistinct(addresses) };
      })
      .sort((a, b) => compareText(a.name, b.name) || compareText(a.fingerprint, b.fingerprint));
  }

  /** Every place where somebody says that this box is, claims of others included. */
  endpointsOf(fingerprint: string, now: number): FoundEndpoint[] {
    const found = this.complete(now).filter(({ text }) => text.fingerprint === fingerprint);
    // Taking turns, so that a neighbour with many claims does not fill the list.
    const turns = found.flatMap(({ endpoints }) => endpoints.map((endpoint, turn) => ({ endpoint, turn })));
    const sorted = turns.sort((a, b) => a.turn - b.turn).map(({ endpoint }) => endpoint);
    const distinct = new Map(sorted.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
    return [...distinct.values()].slice(0, MAX_ADDRESSES);
  }

  /** What to ask so that boxes that are known in part become complete; at most 32 questions. */
  missing(now: number): DnsQuestion[] {
    this.forget(now);
    const questions = new Map<string, DnsQuestion>();
    const ask = (type: string, name: string): void => void questions.set(`${type} ${name}`, { type, name });
    for (const { instances, hosts } of this.senders.values()) {
      for (const [name, { text, service }] of instances) {
        if (text === null) ask('TXT', name);
        if (service === null) ask('SRV', name);
        else if (!hosts.has(service.target.toLowerCase())) {
          ask('A', service.target);
          ask('AAAA', service.target);
        }
      }
    }
    return [...questions.values()].slice(0, MAX_QUESTIONS);
  }

  private *claims(now: number): Generator<{ sender: Sender; text: BoxText; target: string; port: number }> {
    this.forget(now);
    for (const sender of this.senders.values()) {
      for (const { text, service } of sender.instances.values()) {
        if (text === null || service === null) continue;
        if (this.only !== null && text.fingerprint !== this.only) continue;
        yield { sender, text, ...service };
      }
    }
  }

  private complete(now: number): { text: BoxText; endpoints: FoundEndpoint[] }[] {
    return [...this.claims(now)].flatMap(({ sender, text, target, port }) => {
      const addresses = [...(sender.hosts.get(target.toLowerCase())?.keys() ?? [])];
      const endpoints = addresses.sort((a, b) => rank(a) - rank(b)).map((address) => ({ address, port }));
      return endpoints.length === 0 ? [] : [{ text, endpoints }];
    });
  }

  /** The one who speaks, if it is about a box or has been before. */
  private senderFor(source: MdnsSource, records: readonly DnsRecord[], now: number): Sender | null {
    const key = `${source.link.name} ${source.address}`;
    const known = this.senders.get(key);
    if (known !== undefined) return known;
    if (!records.some((record) => instanceOf(record) !== null)) {
      this.drops['not-a-box']++;
      return null;
    }
    if (this.senders.size >= MAX_SENDERS) this.forget(now);
    if (this.senders.size >= MAX_SENDERS && this.only !== null) this.makeRoom();
    if (this.senders.size >= MAX_SENDERS) {
      this.drops['too-many']++;
      return null;
    }
    const sender: Sender = {
      source,
      neighbours: new Neighbours(source.link),
      instances: new Map(),
      hosts: new Map(),
    };
    this.senders.set(key, sender);
    return sender;
  }

  /** Lets go of the oldest neighbour that does not lead to the box that is searched for. */
  private makeRoom(): void {
    for (const [key, { instances }] of this.senders) {
      const leads = [...instances.values()].some(({ text }) => text?.fingerprint === this.only);
      if (leads) continue;
      this.senders.delete(key);
      this.drops['too-many']++;
      return;
    }
  }

  private noteInstance(sender: Sender, record: DnsRecord, now: number): void {
    const name = instanceOf(record);
    if (name === null) return;
    if (record.ttlSeconds === 0) {
      sender.instances.delete(name);
      return;
    }
    let instance = sender.instances.get(name);
    if (instance === undefined) {
      if (sender.instances.size >= MAX_PER_SENDER) {
        this.drops['too-many']++;
        return;
      }
      instance = { text: null, service: null, expiresAt: 0 };
      sender.instances.set(name, instance);
    }
    if (record.type === 'SRV' && record.port > 0) instance.service = record;
    if (record.type === 'TXT') instance.text = parseText(record.strings);
    if (record.type === 'TXT' && instance.text === null) this.drops['not-a-box']++;
    instance.expiresAt = now + lifeOf(record);
  }

  private noteAddress(sender: Sender, record: DnsRecord, now: number): void {
    if (record.type !== 'A' && record.type !== 'AAAA') return;
    const name = record.name.toLowerCase();
    const isTarget = [...sender.instances.values()].some(
      ({ service }) => service?.target.toLowerCase() === name,
    );
    if (!isTarget) return;
    const address = usableAddress(record.address, sender);
    if (address === null) return;
    const addresses = sender.hosts.get(name) ?? new Map<string, number>();
    if (record.ttlSeconds === 0) addresses.delete(address);
    else if (addresses.has(address) || addresses.size < MAX_ADDRESSES_PER_HOST) {
      addresses.set(address, now + lifeOf(record));
    } else this.drops['too-many']++;
    if (addresses.size === 0) sender.hosts.delete(name);
    else sender.hosts.set(name, addresses);
  }

  /** Lets go of what has expired, and of neighbours that have nothing to say. */
  private forget(now: number): void {
    for (const [key, { instances, hosts }] of this.senders) {
      for (const [name, { expiresAt }] of instances) if (expiresAt <= now) instances.delete(name);
      const targets = new Set([...instances.values()].map(({ service }) => service?.target.toLowerCase()));
      for (const [name, addresses] of hosts) {
        for (const [address, expiresAt] of addresses) if (expiresAt <= now) addresses.delete(address);
        if (addresses.size === 0 || !targets.has(name)) hosts.delete(name);
      }
      if (instances.size === 0) this.senders.delete(key);
    }
  }
}

const MAX_QUESTIONS = 32;

/** The lower-case name of the instance that a record is about; null for other records. */
function instanceOf(record: DnsRecord): string | null {
  const name = record.type === 'PTR' ? record.target : record.name;
  if (record.type === 'PTR' && record.name.toLowerCase() !== SERVICE_NAME) return null;
  if (record.type !== 'PTR' && record.type !== 'SRV' && record.type !== 'TXT') return null;
  const lower = name.toLowerCase();
  return lower.length > SERVICE_NAME.length + 1 && lower.endsWith(`.${SERVICE_NAME}`) ? lower : null;
}

/**
 * The address as it can be used, with its link where that is part of it; null where no box of this house can be:
 * nobody may send the laptop's handshakes to some machine on the internet.
 */
function usableAddress(address: string, sender: Sender): string | null {
  if (isIP(address) === 0 || (!isPrivateAddress(address) && !sender.neighbours.has(address))) return null;
  return isLinkLocal6(address) ? `${address}%${sender.source.link.name}` : address;
}

function lifeOf({ ttlSeconds }: DnsRecord): number {
  return Math.min(ttlSeconds * SECOND_MS, LONGEST_LIFE_MS);
}

/** IPv4 says most to people, a link-local address least. */
function rank(address: string): number {
  return isIPv4(address) ? 0 : isLinkLocal6(address) ? 2 : 1;
}

/** The order does not depend on who answered first, so that the same boxes read the same each time. */
function firstDistinct(addresses: readonly string[]): string[] {
  const first = [...new Set(addresses)].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_ADDRESSES);
  return first.sort((a, b) => rank(a) - rank(b) || compareText(a, b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
