import { hkdfSync } from 'node:crypto';

/** Key and initialisation vector of one direction. */
export interface DirectionKeys {
  /** 32 bytes, for AES-256-GCM or ChaCha20-Poly1305. */
  readonly key: Uint8Array;
  /** 12 secret bytes, combined with path id and packet number into the nonce of a datagram. */
  readonly iv: Uint8Array;
}

/** What one end needs to seal and open datagrams after the handshake. */
export interface TransportKeys {
  readonly send: DirectionKeys;
  readonly receive: DirectionKeys;
  /** 32 bytes, equal at both ends and different in every handshake; safe to show, it reveals no key. */
  readonly handshakeHash: Uint8Array;
}

/**
 * Derives the datagram keys of one direction from one of the two keys of Noise's Split().
 *
 * Exactly: `okm = HKDF(RFC 5869, hash BLAKE2s-256, IKM = splitKey, salt = handshakeHash, info = the ASCII bytes
 * "bowline 1 transport", L = 44)`; the key is `okm[0..32]`, the IV is `okm[32..44]`. Both directions use the same
 * label: their split keys differ.
 */
export function deriveDirectionKeys(splitKey: Uint8Array, handshakeHash: Uint8Array): DirectionKeys {
  const material = new Uint8Array(
    hkdfSync('blake2s256', splitKey, handshakeHash, TRANSPORT_LABEL, KEY_BYTES + IV_BYTES),
  );
  return { key: material.slice(0, KEY_BYTES), iv: material.slice(KEY_BYTES) };
}

const TRANSPORT_LABEL = new TextEncoder().encode('bowline 1 transport');
const KEY_BYTES = 32;
const IV_BYTES = 12;
