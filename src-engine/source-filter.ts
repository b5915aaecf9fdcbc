import { VNET_HEADER_BYTES } from './send/lane-hash.ts';
import { readU32 } from './wire/header.ts';

/**
 * Which source addresses a peer's packets may have: on the box a laptop speaks only for the addresses leased to it,
 * so that one laptop cannot answer for another. Without a lease everything passes (the laptop's side).
 */
export class SourceFilter {
  private address4 = 0;
  private readonly address6 = new Uint8Array(16);
  private isActive = false;

  /** @param address4 as a 32-bit number. @param address6 16 bytes. */
  allowOnly(address4: number, address6: Uint8Array): void {
    this.address4 = address4 >>> 0;
    this.address6.set(address6);
    this.isActive = true;
  }

  /** Checks a packet behind a virtio-net header at `at`. */
  allows(bytes: Uint8Array, at: number, length: number): boolean {
    const ip = at + VNET_HEADER_BYTES;
    if (length < VNET_HEADER_BYTES + 20) return false;
    if (!this.isActive) return true;
    if (bytes[ip]! >> 4 === 4) return readU32(bytes, ip + 12) === this.address4;
    if (length < VNET_HEADER_BYTES + 40) return false;
    for (let i = 0; i < 16; i++) if (bytes[ip + 8 + i] !== this.address6[i]) return false;
    return true;
  }
}
