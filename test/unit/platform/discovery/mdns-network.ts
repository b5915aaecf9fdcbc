import type { DiscoveryLink } from '../../../../src-platform/discovery/local-network.ts';
import type { MdnsTransport, MdnsTransportOptions } from '../../../../src-platform/discovery/mdns-sockets.ts';

/** One network cable without loss or delay, to which any number of transports are plugged, each under an address. */
export class MdnsNetwork {
  readonly sent: { readonly from: string; readonly datagram: Uint8Array }[] = [];
  private readonly plugs: {
    readonly address: string;
    link: DiscoveryLink | null;
    readonly options: MdnsTransportOptions;
  }[] = [];

  /** Gives what a responder or search opens instead of sockets. */
  plug(address: string): (options: MdnsTransportOptions) => MdnsTransport {
    return (options) => {
      const plug = { address, link: null as DiscoveryLink | null, options };
      this.plugs.push(plug);
      return {
        setLinks: (links) => {
          const isSame = JSON.stringify(plug.link) === JSON.stringify(links[0] ?? null);
          plug.link = links[0] ?? null;
          if (plug.link !== null && !isSame) options.onOpen(plug.link);
        },
        send: (_link, datagram) => this.send(address, datagram),
        close: () => {
          plug.link = null;
          return Promise.resolve();
        },
      };
    };
  }

  /** Sends to all, the sender included, as multicast does. */
  send(from: string, datagram: Uint8Array): void {
    this.sent.push({ from, datagram });
    for (const { link, options } of this.plugs) {
      if (link !== null) options.onDatagram(datagram, { link, address: from, port: 5353 });
    }
  }
}

/** A link in the test's network. */
export function linkAt(address: string, name = 'eth0') {
  return { name, ifindex: 2, addresses: [{ family: 4 as const, address, prefixLength: 24 }] };
}
