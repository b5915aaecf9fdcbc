import { BASE_DATAGRAM_BYTES } from './path/mtu-discovery.ts';
import type { Path } from './path/path.ts';
import { TRANSMIT_BATCH } from './memory.ts';
import { DataPaths, type DataPathsSession, spreadBatch } from './scheduler/data-paths.ts';
import { isBondedLane } from './send/lane-hash.ts';
import type { Urgency } from './send/urgency.ts';
import type { Role, SendKey, SessionPorts } from './session-types.ts';
import {
  ACK_HEAD_BYTES,
  ACK_MAX_RANGES,
  ACK_RANGE_BYTES,
  CHALLENGE_BYTES,
  CHUNK_HEAD_BYTES,
  CLOSE_BYTES,
  FRAME_CHALLENGE,
  FRAME_CLOSE,
  FRAME_PING,
  FRAME_RESPONSE,
  FRAME_STATUS,
  LAST_CHUNK_HEAD_BYTES,
  MESSAGE_HEAD_BYTES,
  STATUS_ABANDONED,
  STATUS_AVAILABLE,
  STATUS_HEAD_BYTES,
  STATUS_RESERVE,
  STATUS_STANDBY,
  writeAck,
  writeChunkHead,
  writeMessageHead,
} from './wire/frames.ts';
import { writeU32 } from './wire/header.ts';
import { CopyBudget } from './send/copy-budget.ts';
import { MirrorQueues } from './send/mirror-queues.ts';

/** What the transmitter needs of its session. */
export interface TransmittingSession extends DataPathsSession {
  readonly role: Role;
  readonly urgency: Urgency;
  isEstablished: boolean;
}

/**
 * Fills datagrams: what a path owes its peer first, then what must go out again, then new data, on the paths that the
 * scheduler names.
 */
export class Transmitter {
  /** Set to say goodbye once; then nothing more is sent. */
  closeReason = -1;
  /** The path of the last batch. */
  path: Path | null = null;
  private readonly session: TransmittingSession;
  private readonly ports: SessionPorts;
  private readonly mirrors: MirrorQueues;
  readonly dataPaths: DataPaths;
  private readonly copies = new CopyBudget();
  private readonly ranges = new Float64Array(2 * ACK_MAX_RANGES);
  private statusSequence = 0;
  /** Bit per path on which the current status has not been sent yet. */
  private statusDue = 0;
  private duplicatePath: Path | null = null;
  private duplicateUntil = 0;
  private duplicateBytes = 0;
  private replayPath: Path | null = null;
  /** When pacing lets a path go on that has something to send; Infinity if none is held back. */
  private pacedUntil = Infinity;
  private now = 0;
  /** Where the batch being built goes. */
  private socket = -1;
  private remote = -1;

  constructor(session: TransmittingSession, ports: SessionPorts) {
    this.session = session;
    this.ports = ports;
    this.mirrors = new MirrorQueues(session.outbox);
    this.dataPaths = new DataPaths(session, () => this.statusChanged());
  }

  reset(): void {
    this.mirrors.reset();
    this.dataPaths.reset();
    this.duplicatePath = null;
    this.statusDue = 0;
    this.statusSequence = 0;
    this.statusChanged();
  }

  /** Tells the peer anew which paths to use. */
  statusChanged(): void {
    if (this.session.role !== 'initiator') return;
    this.statusSequence++;
    this.statusDue = 0xffff;
  }

  /** Sends new data on this path too, for a moment: a path that was left in good health covers for the new one. */
  duplicateOn(path: Path, now: number): void {
    this.duplicatePath = path;
    this.duplicateUntil = now + DUPLICATE_MICROS;
    this.duplicateBytes = DUPLICATE_BYTES;
  }

  /** Builds and seals one batch; returns its socket, or -1. */
  next(key: SendKey, now: number): number {
    const { session, ports } = this;
    this.now = now;
    this.replayPath = session.outbox.hasReplay ? session.scheduler.replayPath(session.paths) : null;
    const isCallOn = session.urgency.isCallOn(now);
    for (const path of session.paths) path.model.keepsShort = isCallOn;
    this.pacedUntil = this.dataPaths.choose(now);
    const { first } = this.dataPaths;
    ports.builder.clear();
    if (first !== null && this.fill(first, key, now)) return this.seal();
    for (const path of session.paths) {
      if (path !== first && path.isOpen && this.fill(path, key, now)) return this.seal();
    }
    if (this.closeReason >= 0) session.isEstablished = false;
    return -1;
  }

  /** When pacing lets the next data go, or Infinity. */
  nextDeadline(): number {
    return this.pacedUntil;
  }

  private seal(): number {
    this.ports.aead.seal(this.ports.memory.sealTable, this.ports.builder.count);
    return this.socket;
  }

  private fill(path: Path, key: SendKey, now: number): boolean {
    if (path.isBlocked) return false;
    const { builder } = this.ports;
    this.path = path;
    this.socket = path.socket;
    this.remote = path.remote;
    if (this.fillProof(path, key, now)) return true;
    let isControlDue = this.isControlDue(path, now);
    const most = this.dataPaths.isCompared(path) ? spreadBatch(path, TRANSMIT_BATCH) : TRANSMIT_BATCH;
    while (builder.count < most && !path.sent.isFull) {
      const mayCarry = this.mayCarry(path, now);
      if (!isControlDue && !mayCarry) break;
      builder.begin(datagramBytesOf(path));
      // Acknowledgements that are owed but not due yet travel for nearly nothing with data.
      const isPassing = builder.count === 0 && path.acks.dueAt > 0;
      const isEliciting = (isControlDue || isPassing) && this.writeControl(path, now);
      isControlDue = false;
      const refs = mayCarry ? this.writeChunks(path) : -1;
      if (builder.isEmpty) break;
      this.finish(path, key, refs, isEliciting || refs >= 0, now);
    }
    if (!builder.isFull && !path.sent.isFull) this.fillMtuProbe(path, key, now);
    return builder.count > 0;
  }

  private finish(path: Path, key: SendKey, refs: number, isEliciting: boolean, now: number): number {
    const { builder } = this.ports;
    const { outbox } = this.session;
    const waitingBytes = this.dataPaths.waitingFor(path);
    const isAppLimited =
      !outbox.hasReplay && waitingBytes < path.windowRoom() && !this.mirrors.hasWork(path.id);
    const number = path.book(builder.datagramBytes, refs, isEliciting, isAppLimited, now);
    if (refs >= 0 && !path.isUsable) outbox.suspect(refs);
    builder.finish(path.id, key.remoteIndex, number, key.slot, this.remote);
    return number;
  }

  // ---- what a path owes ----------------------------------------------------------------------------------------

  /** Challenges and responses travel alone: they may go to an address that is not the path's yet. */
  private fillProof(path: Path, key: SendKey, now: number): boolean {
    if (path.sent.isFull) return false;
    const { builder } = this.ports;
    if (path.responseDue !== null && path.responseTo !== null) {
      this.socket = path.responseTo.socket;
      this.remote = path.responseTo.remote;
      builder.begin(path.mtu.datagramBytes);
      this.writeProof(FRAME_RESPONSE, path.responseDue);
      path.responseDue = null;
      if (this.isAckDue(path, now)) this.writeAckOf(path, now);
      this.finish(path, key, -1, false, now);
      return true;
    }
    if (!path.challengeDue || path.challenge === null) return false;
    path.challengeDue = false;
    this.socket = path.candidate?.socket ?? path.socket;
    this.remote = path.candidate?.remote ?? path.remote;
    builder.begin(path.mtu.datagramBytes);
    this.writeProof(FRAME_CHALLENGE, path.challenge);
    this.finish(path, key, -1, true, now);
    return true;
  }

  private writeProof(type: number, proof: Uint8Array): void {
    const at = this.ports.builder.claim(CHALLENGE_BYTES);
    this.ports.memory.bytes[at] = type;
    this.ports.memory.bytes.set(proof, at + 1);
  }

  private isAckDue(path: Path, now: number): boolean {
    return path.acks.dueAt > 0 && path.acks.dueAt <= now;
  }

  /** Whether acknowledgements of `owed` should travel on `path`: their own, unless that does not work. */
  private carriesAcksOf(path: Path, owed: Path): boolean {
    return owed === path || (!owed.isUsable && path === this.session.scheduler.carrying);
  }

  private isControlDue(path: Path, now: number): boolean {
    if (path.pingDue || this.closeReason >= 0) return true;
    if (path.isUsable && (this.statusDue & (1 << path.id)) !== 0) return true;
    for (const owed of this.session.paths) {
      if (this.isAckDue(owed, now) && this.carriesAcksOf(path, owed)) return true;
    }
    return false;
  }

  /** @returns whether what was written asks for an acknowledgement. */
  private writeControl(path: Path, now: number): boolean {
    const { builder, memory } = this.ports;
    let isEliciting = false;
    for (const owed of this.session.paths) {
      if (builder.room < CONTROL_RESERVE_BYTES) break;
      if (owed.acks.dueAt > 0 && this.carriesAcksOf(path, owed)) this.writeAckOf(owed, now);
    }
    if (path.pingDue) {
      path.pingDue = false;
      memory.bytes[builder.claim(1)] = FRAME_PING;
      isEliciting = true;
    }
    if ((isEliciting || (this.statusDue & (1 << path.id)) !== 0) && this.session.role === 'initiator') {
      this.statusDue &= ~(1 << path.id);
      this.writeStatus();
      isEliciting = true;
    }
    if (this.closeReason >= 0) {
      const at = builder.claim(CLOSE_BYTES);
      memory.bytes[at] = FRAME_CLOSE;
      memory.bytes[at + 1] = this.closeReason;
      path.isBlocked = true;
    }
    return isEliciting;
  }

  private writeAckOf(owed: Path, now: number): void {
    const { builder, memory } = this.ports;
    const fit = Math.floor((builder.room - ACK_HEAD_BYTES) / ACK_RANGE_BYTES) + 1;
    const count = owed.received.collectRanges(
      this.ranges,
      Math.min(ACK_MAX_RANGES, fit),
      ACK_DEPTH_DATAGRAMS,
    );
    if (count === 0) return;
    const at = builder.claim(ACK_HEAD_BYTES + (count - 1) * ACK_RANGE_BYTES);
    writeAck(memory.bytes, at, owed.id, now - owed.acks.newestAt, this.ranges, count);
    owed.acks.onSent(now);
  }

  private writeStatus(): void {
    const { builder, memory } = this.ports;
    const paths = this.session.paths;
    const at = builder.claim(STATUS_HEAD_BYTES + 2 * paths.length);
    memory.bytes[at] = FRAME_STATUS;
    writeU32(memory.bytes, at + 1, this.statusSequence);
    memory.bytes[at + 5] = paths.length;
    for (const path of paths) {
      const isCarrying =
        path === this.session.scheduler.carrying ||
        (this.session.mode === 'bonded' && this.dataPaths.bonded.isMember(path));
      memory.bytes[at + STATUS_HEAD_BYTES + 2 * path.id] = path.id;
      memory.bytes[at + STATUS_HEAD_BYTES + 1 + 2 * path.id] = !path.isOpen
        ? STATUS_ABANDONED
        : isCarrying
          ? STATUS_AVAILABLE
          : path.isReserve
            ? STATUS_RESERVE
            : STATUS_STANDBY;
    }
  }

  private fillMtuProbe(path: Path, key: SendKey, now: number): void {
    if (!path.isUsable || !path.rtt.hasSample) return;
    const size = path.mtu.probeDue(now);
    if (size === 0) return;
    const { builder, memory } = this.ports;
    builder.begin(size);
    memory.bytes[builder.claim(1)] = FRAME_PING;
    builder.pad();
    path.mtu.onProbeSent(this.finish(path, key, -1, true, now), size);
  }

  // ---- data ----------------------------------------------------------------------------------------------------

  private mayCarry(path: Path, now: number): boolean {
    if (!path.takesCopies(now)) return false;
    const { outbox } = this.session;
    const hasOwn =
      path.isUsable &&
      (outbox.queuedIn(this.dataPaths.lanesOn(path)) > 0 || (path === this.replayPath && outbox.hasReplay));
    const hasWork = hasOwn || this.mirrors.hasWork(path.id);
    if (!hasWork || path.windowRoom() <= 0) return false;
    if (path.mayPace(now)) return true;
    this.pacedUntil = Math.min(this.pacedUntil, path.model.nextSendAt(now));
    return false;
  }

  private writeChunks(path: Path): number {
    const { builder } = this.ports;
    const { outbox } = this.session;
    const lanes = path.isUsable ? this.dataPaths.lanesOn(path) : 0;
    const inTurn = this.dataPaths.inTurn(lanes);
    let refs = -1;
    while (builder.hasSegments && outbox.hasReferences()) {
      const whole = builder.room - MESSAGE_HEAD_BYTES;
      const part = builder.room - LAST_CHUNK_HEAD_BYTES;
      if (whole <= 0) break;
      let isCopy = true;
      let chunk = this.mirrors.take(path.id, whole, part);
      if (chunk < 0 && path === this.replayPath) chunk = outbox.takeReplay(whole, part);
      if (chunk < 0) {
        isCopy = false;
        if (inTurn !== 0) chunk = outbox.cut(whole, part, builder.isEmpty, false, this.now, inTurn);
        if (chunk < 0 && inTurn !== lanes)
          chunk = outbox.cut(whole, part, builder.isEmpty, true, this.now, lanes);
      }
      if (chunk < 0) break;
      const isLast = this.writeChunk(chunk);
      refs = outbox.reference(refs, chunk);
      if (!isCopy) this.mirror(chunk, path);
      if (isLast) return refs;
    }
    // Equal sizes make long GSO runs; a few zero bytes are cheaper than a broken run.
    if (refs >= 0 && builder.room > 0 && builder.room < PAD_BELOW_BYTES && outbox.hasQueued) builder.pad();
    return refs;
  }

  /** @returns whether the chunk runs to the end of the datagram, so that nothing may follow. */
  private writeChunk(chunk: number): boolean {
    const { builder, memory } = this.ports;
    const { outbox } = this.session;
    const length = outbox.lengthOf(chunk);
    const lane = outbox.laneOf(chunk);
    const number = outbox.numberOf(chunk);
    let isLast = false;
    if (outbox.isWholeMessage(chunk) && length <= 0xffff) {
      writeMessageHead(memory.bytes, builder.claim(MESSAGE_HEAD_BYTES), lane, number, length);
    } else {
      isLast = builder.room < CHUNK_HEAD_BYTES + length;
      const at = builder.claim(isLast ? LAST_CHUNK_HEAD_BYTES : CHUNK_HEAD_BYTES);
      const total = outbox.totalOf(chunk);
      const offset = outbox.offsetOf(chunk);
      writeChunkHead(memory.bytes, at, lane, number, total, offset, isLast ? 0 : length);
    }
    builder.refer(outbox.bytesOf(chunk), length);
    return isLast;
  }

  /** Sends copies of what has just gone out for the first time, where the mode or the moment asks for it. */
  private mirror(chunk: number, path: Path): void {
    const { mode, outbox } = this.session;
    const isSpread = mode === 'bonded' || isBondedLane(outbox.laneOf(chunk));
    if (outbox.isRedundant(chunk) || (mode === 'redundant' && !isSpread))
      return this.mirrorEverywhere(chunk, path);
    if (isSpread) this.tryPaths(chunk);
    if (mode === 'saver') return;
    this.copies.earn(outbox.lengthOf(chunk));
    if (this.duplicatePath !== null) {
      const isDue = this.now < this.duplicateUntil && this.duplicateBytes > 0;
      if (isDue && this.duplicatePath.isUsable && this.duplicatePath !== path) {
        this.duplicateBytes -= outbox.lengthOf(chunk);
        this.mirrors.push(this.duplicatePath.id, chunk);
        return;
      }
      this.duplicatePath = null;
    }
    if (outbox.isUrgent(chunk)) this.mirrorUrgent(chunk, path);
  }

  private mirrorEverywhere(chunk: number, path: Path): void {
    for (const other of this.session.paths) {
      if (other !== path && other.takesCopies(this.now) && !other.isReserve)
        this.mirrors.push(other.id, chunk);
    }
  }

  private mirrorUrgent(chunk: number, path: Path): void {
    let second: Path | null = null;
    for (const other of this.session.paths) {
      if (other === path || !other.isUsable || other.isReserve) continue;
      if (second === null || other.rtt.smoothedMicros < second.rtt.smoothedMicros) second = other;
    }
    if (second !== null && this.copies.spend(this.session.outbox.lengthOf(chunk)))
      this.mirrors.push(second.id, chunk);
  }

  private tryPaths(chunk: number): void {
    const { bonded } = this.dataPaths;
    for (const path of this.session.paths) if (bonded.isTried(path)) this.mirrors.push(path.id, chunk);
  }
}

/** Size of a datagram for data: small after timeouts in a row, since the size may be why nothing is answered. */
function datagramBytesOf({ mtu, ptoCount }: Path): number {
  return ptoCount < SMALL_AFTER_TIMEOUTS
    ? mtu.datagramBytes
    : Math.min(mtu.datagramBytes, BASE_DATAGRAM_BYTES);
}

/** One timeout may be a pause of a host; a sparse stream waits through all of them, each twice as long. */
const SMALL_AFTER_TIMEOUTS = 2;
/** Room for one more ACK, a PING, a STATUS of all paths and a CLOSE. */
const CONTROL_RESERVE_BYTES = 200;
/** Ranges are looked for this deep: several acknowledgement intervals at the highest rate. */
const ACK_DEPTH_DATAGRAMS = 4_096;
/** How long new data goes out twice after a switch between two healthy paths: some round trips of any LAN. */
const DUPLICATE_MICROS = 50_000;
/** How much: more than the new path's window before anything was heard of it, far less than 50 ms of a bulk transfer. */
const DUPLICATE_BYTES = 256 * 1024;
/** A rest of the datagram smaller than this is filled with zeros. */
const PAD_BELOW_BYTES = 80;
