import { readU16, writeU16 } from './wire/header.ts';

/** Replaces one 16-bit word under an internet checksum (RFC 1624, equation 3). */
export function patchSum(bytes: Uint8Array, sumAt: number, before: number, after: number): void {
  const sum = (~readU16(bytes, sumAt) & 0xffff) + (~before & 0xffff) + after;
  writeU16(bytes, sumAt, ~foldSum(sum) & 0xffff);
}

/** Folds the carries of a sum of up to 65,536 words into 16 bits. */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
