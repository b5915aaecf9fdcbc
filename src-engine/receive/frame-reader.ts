import type { Path } from '../path/path.ts';
import {
  type AckFields,
  CHALLENGE_BYTES,
  CLOSE_BYTES,
  FRAME_ACK,
  FRAME_CHALLENGE,
  FRAME_CLOSE,
  FRAME_PADDING,
  FRAME_PING,
  FRAME_RESPONSE,
  FRAME_SKIP,
  FRAME_STATUS,
  type Piece,
  SKIP_BYTES,
  STATUS_HEAD_BYTES,
  emptyAck,
  emptyPiece,
  isPiece,
  readAck,
  readPiece,
} from '../wire/frames.ts';
import { readU16, readU24, readU32 } from '../wire/header.ts';
import type { PieceFate } from './inbox.ts';

/** What frames mean; implemented by the session. A false answer says that the frame contradicts the protocol. */
export interface FrameHandler {
  takePiece(piece: Piece, now: number): PieceFate;
  takeSkip(lane: number, number: number): boolean;
  takeAck(ack: AckFields, now: number): boolean;
  takeChallenge(path: Path, proof: Uint8Array, socket: number, remote: number): void;
  takeResponse(path: Path, proof: Uint8Array, now: number): void;
  /** @param statuses pairs of path and status. */
  takeStatus(sequence: number, statuses: Uint8Array, now: number): boolean;
  takeClose(reason: number): void;
}

/**
 * What a datagram asks for: `eliciting` an acknowledgement, `silent` none. `no-memory` means that its content could
 * not be kept: it counts as not received, so that it comes again.
 */
export type ReadOutcome = 'eliciting' | 'silent' | 'no-memory';

/** Reads the frames of authentic datagrams, one after the other, up to the first that is malformed. */
export class FrameReader {
  /** Whether the last datagram ended in a malformed frame; what came before it counts. */
  isMalformed = false;
  private readonly bytes: Uint8Array;
  private readonly handler: FrameHandler;
  private readonly piece = emptyPiece();
  private readonly ack = emptyAck();

  constructor(bytes: Uint8Array, handler: FrameHandler) {
    this.bytes = bytes;
    this.handler = handler;
  }

  /** Reads a plaintext that lies at `from` to `end` in the arena. */
  read(path: Path, from: number, end: number, socket: number, remote: number, now: number): ReadOutcome {
    this.isMalformed = false;
    let outcome: ReadOutcome = 'silent';
    for (let at = from; at < end;) {
      const type = this.bytes[at]!;
      if (type === FRAME_PADDING) return outcome;
      if (type !== FRAME_ACK && type !== FRAME_RESPONSE) outcome = 'eliciting';
      if (isPiece(type)) {
        at = readPiece(this.bytes, at, end, this.piece);
        const fate = at < 0 ? 'contradicts' : this.handler.takePiece(this.piece, now);
        if (fate === 'no-memory') return 'no-memory';
        if (fate === 'contradicts') at = -1;
      } else {
        at = this.readRare(type, path, at, end, socket, remote, now);
      }
      if (at < 0) {
        this.isMalformed = true;
        return outcome;
      }
    }
    return outcome;
  }

  /** @returns the offset behind the frame, -1 if it is malformed. */
  private readRare(
    type: number,
    path: Path,
    at: number,
    end: number,
    socket: number,
    remote: number,
    now: number,
  ): number {
    const { bytes, handler } = this;
    switch (type) {
      case FRAME_PING:
        return at + 1;
      case FRAME_ACK: {
        const next = readAck(bytes, at, end, this.ack);
        return next >= 0 && handler.takeAck(this.ack, now) ? next : -1;
      }
      case FRAME_SKIP:
        if (at + SKIP_BYTES > end) return -1;
        return handler.takeSkip(readU16(bytes, at + 1), readU24(bytes, at + 3)) ? at + SKIP_BYTES : -1;
      case FRAME_CHALLENGE:
        if (at + CHALLENGE_BYTES > end) return -1;
        handler.takeChallenge(path, bytes.slice(at + 1, at + CHALLENGE_BYTES), socket, remote);
        return at + CHALLENGE_BYTES;
      case FRAME_RESPONSE:
        if (at + CHALLENGE_BYTES > end) return -1;
        handler.takeResponse(path, bytes.subarray(at + 1, at + CHALLENGE_BYTES), now);
        return at + CHALLENGE_BYTES;
      case FRAME_STATUS:
        return this.readStatus(at, end, now);
      case FRAME_CLOSE:
        if (at + CLOSE_BYTES > end) return -1;
        handler.takeClose(bytes[at + 1]!);
        return at + CLOSE_BYTES;
      default:
        return -1;
    }
  }

  private readStatus(at: number, end: number, now: number): number {
    if (at + STATUS_HEAD_BYTES > end) return -1;
    const next = at + STATUS_HEAD_BYTES + 2 * this.bytes[at + 5]!;
    if (next > end) return -1;
    const statuses = this.bytes.subarray(at + STATUS_HEAD_BYTES, next);
    return this.handler.takeStatus(readU32(this.bytes, at + 1), statuses, now) ? next : -1;
  }
}
