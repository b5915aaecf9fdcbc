import { readFile } from 'node:fs/promises';

/** Whether some program still has a socket bound to one of these addresses (the tunnel's), TCP or UDP. */
export async function hasOpenConnections(address4: string, address6: string | null): Promise<boolean> {
  const four = hex4(address4);
  for (const table of ['tcp', 'udp']) {
    if ((await rows(table)).some((row) => row.startsWith(four))) return true;
    if (address6 === null) continue;
    const six = hex6(address6);
    if ((await rows(`${table}6`)).some((row) => row.startsWith(six))) return true;
  }
  return false;
}

/** Local addresses of a socket table, without sockets that only wait out their end (TIME_WAIT, 06). */
async function rows(table: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(`/proc/net/${table}`, 'utf8');
  } catch {
    // A kernel without IPv6 has no such table.
    return [];
  }
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 3 && fields[3] !== '06')
    .map((fields) => fields[1]!);
}

/** The kernel prints each 32-bit word of an address in host order, which is little-endian on all machines we run on. */
function hex4(address: string): string {
  const bytes = address.split('.').map(Number).reverse();
  return bytes
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}

function hex6(address: string): string {
  const [left = '', right = ''] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const hex = groups.map((group) => group.padStart(4, '0')).join('');
  return (hex.match(/.{8}/g) ?? [])
    .map((word) => (word.match(/../g) ?? []).reverse().join(''))
    .join('')
    .toUpperCase();
}
