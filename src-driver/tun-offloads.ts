import type { NativeTun } from '../src-platform/native.ts';

/** TUN_F_USO4 and TUN_F_USO6 of the kernel, since 6.2. */
const SEGMENTED_UDP = 0x20 | 0x40;

/** Whether the kernel takes several UDP packets of one flow in one write. */
export function takesSegmentedUdp(tun: Pick<NativeTun, 'offloads'>): boolean {
  return (tun.offloads & SEGMENTED_UDP) === SEGMENTED_UDP;
}
