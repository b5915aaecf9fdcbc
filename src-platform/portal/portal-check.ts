import type { Exec } from '../exec.ts';

/** What asking a well-known page over one link showed: the internet, a login page in its place, or nothing. */
export type PortalVerdict = 'open' | 'portal' | 'unknown';

/**
 * Asks for a page over one link alone, whatever the routes say. The page is one that answers with an empty page or a
 * few words of plain text; a network that wants a login answers with a redirection or a page of its own.
 *
 * curl does it, because it can bind a connection to a device. Where it is missing nothing is known.
 */
export async function checkPortal(exec: Exec, linkName: string, uri: string): Promise<PortalVerdict> {
  let output: string;
  try {
    output = await exec(
      'curl',
      [
        '--silent',
        '--interface',
        `if!${linkName}`,
        '--max-time',
        String(PATIENCE_SECONDS),
        '--max-filesize',
        String(MOST_BYTES),
        '--proto',
        '=http',
        '--write-out',
        '\n%{http_code}',
        uri,
      ],
      { timeoutMs: (PATIENCE_SECONDS + 2) * 1_000 },
    );
  } catch {
    // No curl, no name service or no answer: the link may be slow as well as closed.
    return 'unknown';
  }
  const status = Number(output.slice(output.lastIndexOf('\n') + 1));
  const body = output.slice(0, output.lastIndexOf('\n'));
  if (status === NETWORK_LOGIN_REQUIRED || (status >= 300 && status < 400)) return 'portal';
  if (status === 204) return 'open';
  if (status !== 200) return 'unknown';
  return /<(!doctype|html|head|meta|script)/i.test(body) ? 'portal' : 'open';
}

/** A network that is only slow answers within that time; nothing waits for it. */
const PATIENCE_SECONDS = 5;
/** Pages made for the question have less than a hundred bytes. */
const MOST_BYTES = 262_144;
/** RFC 6585, section 6. */
const NETWORK_LOGIN_REQUIRED = 511;
