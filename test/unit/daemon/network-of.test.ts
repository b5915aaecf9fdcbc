import { expect, it } from 'vitest';
import { networkOf } from '../../../src-daemon/routing/network-of.ts';

it.each([
  [4, '192.168.77.10', 24, '192.168.77.0/24'],
  [4, '10.1.2.3', 22, '10.1.0.0/22'],
  [4, '10.1.2.3', 32, '10.1.2.3'],
  [6, 'fd00:77::10', 64, 'fd00:77::/64'],
  [6, '2001:db8:1:2ff:aaaa:bbbb:cccc:dddd', 56, '2001:db8:1:200::/56'],
  [6, '2001:db8::5', 128, '2001:db8::5'],
] as const)('the network of an IPv%i address %s/%i is %s', (family, address, prefixLength, network) => {
  expect(networkOf({ family, address, prefixLength })).toBe(network);
});
