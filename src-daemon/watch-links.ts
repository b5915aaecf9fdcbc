import { interfaceDetailsFrom, LinkMonitor, type LinkSelection } from '../src-platform/index.ts';
import type { Log } from '../src-platform/log.ts';
import { native } from '../src-platform/native.ts';
import { TUNNEL_NAME } from './tunnel.ts';

/** Watches this machine's links; `onChange` is called after each change was logged. */
export function watchLinks(selection: LinkSelection, log: Log, onChange: () => void): LinkMonitor {
  return new LinkMonitor({
    netlink: new native.Netlink({ groups: ['link', 'address4', 'address6', 'route4', 'route6'] }),
    carrierUp: native.carrierUp,
    readInterfaceDetails: interfaceDetailsFrom(),
    selection,
    tunnelName: TUNNEL_NAME,
    onChange: ({ changes }) => {
      log.info('links-changed', { changes: changes.map(({ kind, name }) => `${name} ${kind}`) });
      onChange();
    },
  });
}
