import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeApi } from './types.ts';

export type * from './netlink-types.ts';
export type * from './types.ts';

/** The addon itself; for tests that put a fake in its place, see {@link NativeApi}. */
export const native = load();

export const {
  createArena,
  nowMicros,
  addressIntern,
  addressDescribe,
  addressSource,
  addressPin,
  addressUnpin,
  keyAdd,
  keyDrop,
  hasAesHardware,
  seal,
  open,
  carrierUp,
  cgroupMarkSet,
  cgroupMarkClear,
  executableOf,
  peerCredentials,
  adoptExecGroup,
  sdNotify,
  sdBarrier,
  useTimeSlice,
  inetSockets,
  hostRule,
  DeadlineTimer,
  Tun,
  UdpSocket,
  Netlink,
  ProcessStarts,
  ExecGate,
  NameTap,
  DatagramMeter,
} = native;

/** Bytes of the virtio header before each packet of a TUN device. */
export const VIRTIO_HEADER_BYTES = 10;

/** The smallest slot for a packet of a TUN device: the largest IP packet and its virtio header. */
export const MIN_TUN_STRIDE_BYTES = VIRTIO_HEADER_BYTES + 65_535;

/** The smallest slot that takes every UDP message, joined ones included. */
export const MIN_UDP_STRIDE_BYTES = 65_536;

/** Bytes of the clear header before, and of the tag behind, the text of a sealed datagram. */
export const AEAD_HEADER_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

function load(): NativeApi {
  // One rule for the source tree and for bundles, which lie beside a copy of build/. The override is for
  // the build with sanitizers.
  const file =
    process.env['BOWLINE_NATIVE'] ?? fileURLToPath(new URL('../build/Release/bowline.node', import.meta.url));
  return createRequire(import.meta.url)(file) as NativeApi;
}
