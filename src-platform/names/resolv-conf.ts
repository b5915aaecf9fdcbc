import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Where programs look for name servers. */
export const RESOLV_CONF_PATH = '/etc/resolv.conf';

/** Lists the name servers of a resolver file, in its order; none if it cannot be read. Zones are kept. */
export function nameServersIn(path = RESOLV_CONF_PATH): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Without the file, programs ask a server on this machine, which needs nothing of us.
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    return server !== undefined && isIP(server.split('%')[0]!) !== 0 ? [server] : [];
  });
}
