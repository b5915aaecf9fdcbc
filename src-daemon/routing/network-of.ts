import type { LinkAddress } from '../../src-platform/index.ts';

/** The network that an address belongs to, such as `192.168.1.0/24`, in the text form that the kernel prints. */
export function networkOf({ family, address, prefixLength }: Network): string {
  const bytes = family === 4 ? address.split('.').map(Number) : bytesOf6(address);
  const masked = bytes.map((byte, index) => byte & (0xff00 >> clamp(prefixLength - index * 8, 0, 8)));
  const text = family === 4 ? masked.join('.') : text6(masked);
  return prefixLength === bytes.length * 8 ? text : `${text}/${prefixLength}`;
}

type Network = Pick<LinkAddress, 'family' | 'address' | 'prefixLength'>;

function bytesOf6(address: string): number[] {
  const [left = '', right = ''] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.map((group) => parseInt(group, 16)).flatMap((value) => [value >> 8, value & 0xff]);
}

/** URLs have the same rule for which run of zeros is left out as the kernel. */
function text6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2]! << 8) | bytes[i * 2 + 1]!).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
