import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isLinkLocal6, Neighbours, type DiscoveryLink } from './local-network.ts';

/*
 * Multicast DNS (RFC 6762) over one socket for each link and family. They share port 5353 with other programs, and the
 * kernel hands every socket what arrives for the group on any interface: a socket keeps what comes from a neighbour on
 * its own link. That is also the check of RFC 6762, 11, without which anybody on the internet could answer.
 */

export const MDNS_PORT = 5353;
const GROUP = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;
/** Set by the specification; receivers of old tell by it that a datagram has not passed a router. */
const HOP_LIMIT = 255;

/**
 * Datagrams that one socket takes in a second. A home's busiest moments have some dozens; more is a flood, and each
 * costs the packet loop, which runs in the same thread, about 20 microseconds.
 */
const MAX_DATAGRAMS_PER_SECOND = 500;
const SECOND_MS = 1_000;

/** Where a datagram came from. */
export interface MdnsSource {
  readonly link: DiscoveryLink;
  /** Without zone. */
  readonly address: string;
  readonly port: number;
}

/** What keeps multicast DNS from working on a link; `port-taken` by a program that does not share. */
export type MdnsProblem = { readonly kind: 'port-taken' | 'refused'; readonly detail: string };

/** Multicast DNS on some links. */
export interface MdnsTransport {
  /** Opens and closes sockets so that these links are heard. A link whose addresses changed is opened again. */
  setLinks(links: readonly DiscoveryLink[]): void;
  /** Sends to a link's neighbours, in every family that it has. Failures are as if the datagram was lost. */
  send(link: DiscoveryLink, datagram: Uint8Array): void;
  /** Resolves when what was sent is with the kernel and all sockets are closed. */
  close(): Promise<void>;
}

export interface MdnsTransportOptions {
  /** The bytes are valid until the callback returns. */
  readonly onDatagram: (datagram: Uint8Array, source: MdnsSource) => void;
  /** Sockets of a link are open: what is sent now gets out, and answers are heard. */
  readonly onOpen: (link: DiscoveryLink) => void;
  readonly onProblem: (problem: MdnsProblem) => void;
}

/** Opens multicast DNS in this network namespace. */
export function openMdns(options: MdnsTransportOptions): MdnsTransport {
  const channels = new Map<string, Channel>();
  return {
    setLinks(links) {
      const wanted = new Map(
        links.flatMap((link) =>
          ([4, 6] as const).flatMap((family) => {
            const address = link.addresses.find((candidate) => candidate.family === family)?.address;
            // An own network decides who is a neighbour, so a change of any address is a new channel.
            const key = `${family} ${link.name} ${link.ifindex} ${JSON.stringify(link.addresses)}`;
            return address === undefined ? [] : [[key, { link, family, address }] as const];
          }),
        ),
      );
      for (const [key, channel] of channels) {
        if (wanted.has(key)) continue;
        channels.delete(key);
        void channel.close();
      }
      for (const [key, { link, family, address }] of wanted) {
        if (!channels.has(key)) channels.set(key, new Channel(link, family, address, options));
      }
    },
    send(link, datagram) {
      for (const channel of channels.values()) if (channel.link.name === link.name) channel.send(datagram);
    },
    async close() {
      const open = [...channels.values()];
      channels.clear();
      await Promise.all(open.map((channel) => channel.close()));
    },
  };
}

/** One link in one family. */
class Channel {
  readonly link: DiscoveryLink;
  private readonly family: 4 | 6;
  private readonly address: string;
  private readonly options: MdnsTransportOptions;
  private readonly neighbours: Neighbours;
  private socket: Socket | null = null;
  private isReady = false;
  private isClosed = false;
  private taken = 0;
  private budget: NodeJS.Timeout | null = null;
  private readonly sending = new Set<Promise<void>>();

  constructor(link: DiscoveryLink, family: 4 | 6, address: string, options: MdnsTransportOptions) {
    this.link = link;
    this.family = family;
    this.address = address;
    this.options = options;
    this.neighbours = new Neighbours(link);
    this.open();
  }

  send(datagram: Uint8Array): void {
    const { socket } = this;
    if (socket === null || !this.isReady) return;
    const sent = new Promise<void>((resolve) => {
      // A link without a way out loses the datagram; the next one may get through.
      socket.send(datagram, MDNS_PORT, this.group, () => resolve());
    });
    this.sending.add(sent);
    void sent.then(() => this.sending.delete(sent));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.budget !== null) clearTimeout(this.budget);
    await Promise.all(this.sending);
    this.shut();
  }

  private get group(): string {
    return this.family === 4 ? GROUP[4] : `${GROUP[6]}%${this.link.name}`;
  }

  private open(): void {
    const isV4 = this.family === 4;
    const socket = createSocket({ type: isV4 ? 'udp4' : 'udp6', reuseAddr: true, ipv6Only: !isV4 });
    this.socket = socket;
    const fail = (error: NodeJS.ErrnoException): void => {
      if (socket !== this.socket) return;
      this.shut();
      const detail = `${this.link.name}: ${error.message}`;
      this.options.onProblem({ kind: error.code === 'EADDRINUSE' ? 'port-taken' : 'refused', detail });
    };
    socket.on('error', fail);
    socket.on('message', (datagram, source) => this.onMessage(datagram, source));
    socket.bind({ port: MDNS_PORT, address: isV4 ? '0.0.0.0' : '::', exclusive: true }, () => {
      const face = isV4 ? this.address : `::%${this.link.name}`;
      try {
        socket.addMembership(GROUP[this.family], face);
        socket.setMulticastInterface(face);
        socket.setMulticastTTL(HOP_LIMIT);
      } catch (error) {
        // The link may have gone between the look and the call.
        fail(error as NodeJS.ErrnoException);
        return;
      }
      this.isReady = true;
      this.options.onOpen(this.link);
    });
  }

  private shut(): void {
    const { socket } = this;
    this.socket = null;
    this.isReady = false;
    socket?.close();
  }

  private onMessage(datagram: Uint8Array, source: RemoteInfo): void {
    if (this.isFlooded()) return;
    const [address = '', zone] = source.address.split('%', 2);
    const isNeighbour = isLinkLocal6(address) ? zone === this.link.name : this.neighbours.has(address);
    if (isNeighbour) this.options.onDatagram(datagram, { link: this.link, address, port: source.port });
  }

  /** In a flood nothing is heard for the rest of the second: a closed socket costs the process nothing. */
  private isFlooded(): boolean {
    this.budget ??= setTimeout(() => {
      this.budget = null;
      this.taken = 0;
      if (this.socket === null && !this.isClosed) this.open();
    }, SECOND_MS);
    this.taken++;
    if (this.taken <= MAX_DATAGRAMS_PER_SECOND) return false;
    this.shut();
    return true;
  }
}
