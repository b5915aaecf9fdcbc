import { BASE_DATAGRAM_BYTES } from './path/mtu-discovery.ts';
import type { Path } from './path/path.ts';
import { TRANSMIT_BATCH } from './memory.ts';
import { BondedPaths } from './scheduler/bonded-paths.ts';
import { bytesToLeave, earliestPath } from './scheduler/earliest-path.ts';
import type { BestPath } from './scheduler/best-path.ts';
import type { Outbox } from './send/outbox.ts';
import type { Urgency } from './send/urgency.ts';
import type { BondingReason } from './session-events.ts';
import type { Mode, Role, SendKey, SessionPorts } from './session-types.ts';
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
export interface TransmittingSession {
  readonly role: Role;
  readonly paths: readonly Path[];
  readonly outbox: Outbox;
  readonly urgency: Urgency;
  readonly scheduler: BestPath;
  readonly mode: Mode;
  isEstablished: boolean;
  noteBonding(path: Path, reason: BondingReason): void;
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
  readonly bonded: BondedPaths;
  private readonly copies = new CopyBudget();
  private readonly isMember = (path: Path): boolean => this.bonded.isMember(path);
  private readonly ranges = new Float64Array(2 * ACK_MAX_RANGES);
  private statusSequence = 0;
  /** Bit per path on which the current status has not been sent yet. */
  private statusDue = 0;
  private duplicatePath: Path | null = null;
  private duplicateUntil = 0;
  private duplicateBytes = 0;
  private replayPath: Path | null = null;
  /** Where new data goes in the batch being built. */
  private dataPath: Path | null = null;
  /** Whether that is data from further back in the queue, because the path takes longer. */
  private isAhead = false;
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
    this.bonded = new BondedPaths((path, reason) => {
      session.noteBonding(path, reason);
      this.statusChanged();
    });
  }

  reset(): void {
    this.mirrors.reset();
    this.bonded.reset();
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
    this.pacedUntil = Infinity;
    const isCallOn = session.urgency.isCallOn(now);
    for (const path of session.paths) path.model.keepsShort = isCallOn;
    this.dataPath = this.chooseDataPath(now);
    ports.builder.clear();
    if (this.dataPath !== null && this.fill(this.dataPath, key, now)) return this.seal();
    for (const path of session.paths) {
      if (path !== this.dataPath && path.isOpen && this.fill(path, key, now)) return this.seal();
    }
    if (this.closeReason >= 0) session.isEstablished = false;
    return -1;
  }

  /** When pacing lets the next data go, or Infinity. */
  nextDeadline(): number {
    return this.pacedUntil;
  }

  /** The path on which new data goes out now. */
  private chooseDataPath(now: number): Path | null {
    const { mode, outbox, paths, scheduler } = this.session;
    this.isAhead = false;
    if (mode !== 'bonded') {
      if (this.bonded.isActive) this.endBonding();
      return scheduler.carrying;
    }
    const { bonded } = this;
    bonded.update(paths, scheduler.carrying, now);
    outbox.allowWaiting(bonded.spreadMicros * SPREAD_FACTOR);
    const batchBytes = Math.min(LEAST_BONDED_BYTES, outbox.queuedBytes);
    const path = earliestPath(paths, this.isMember, batchBytes, now);
    const skipBytes = path === null ? 0 : bytesToLeave(path, paths, this.isMember, batchBytes);
    this.isAhead = skipBytes > 0;
    if (path !== null && (!this.isAhead || outbox.aimAhead(skipBytes))) return path;
    if (outbox.hasQueued) this.notePacing(paths, now);
    return null;
  }

  private endBonding(): void {
    this.bonded.reset();
    this.session.outbox.allowWaiting(0);
    this.statusChanged();
  }

  /** No path may send now: some wait for acknowledgements, of the others the first that pacing lets go wakes us. */
  private notePacing(paths: readonly Path[], now: number): void {
    for (const path of paths) {
      if (this.bonded.isMember(path) && path.windowRoom() > 0 && !path.mayPace(now)) {
        this.pacedUntil = Math.min(this.pacedUntil, path.model.nextSendAt(now));
      }
    }
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
    const most = this.session.mode === 'bonded' ? bondedBatch(path) : TRANSMIT_BATCH;
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
    const isAppLimited =
      !outbox.hasReplay && outbox.queuedBytes < path.windowRoom() && !this.mirrors.hasWork(path.id);
    const number = path.book(builder.datagramBytes, refs, isEliciting, isAppLimited, now);
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
        (this.session.mode === 'bonded' && this.bonded.isMember(path));
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
    if (!path.isUsable) return false;
    const { outbox } = this.session;
    const hasWork =
      (path === this.dataPath && outbox.hasQueued) ||
      (path === this.replayPath && outbox.hasReplay) ||
      this.mirrors.hasWork(path.id);
    if (!hasWork || path.windowRoom() <= 0) return false;
    if (path.mayPace(now)) return true;
    this.pacedUntil = Math.min(this.pacedUntil, path.model.nextSendAt(now));
    return false;
  }

  private writeChunks(path: Path): number {
    const { builder } = this.ports;
    const { outbox } = this.session;
    const isDataPath = path === this.dataPath;
    let refs = -1;
    while (builder.hasSegments && outbox.hasReferences()) {
      const whole = builder.room - MESSAGE_HEAD_BYTES;
      const part = builder.room - LAST_CHUNK_HEAD_BYTES;
      if (whole <= 0) break;
      let isCopy = true;
      let chunk = this.mirrors.take(path.id, whole, part);
      if (chunk < 0 && path === this.replayPath) chunk = outbox.takeReplay(whole, part);
      if (chunk < 0 && isDataPath) {
        isCopy = false;
        chunk = outbox.cut(whole, part, builder.isEmpty, this.isAhead, this.now);
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
    const { mode, outbox, paths } = this.session;
    if (mode === 'saver') return;
    if (mode === 'redundant') {
      for (const other of paths) {
        if (other !== path && other.isUsable && !other.isReserve) this.mirrors.push(other.id, chunk);
      }
      return;
    }
    if (mode === 'bonded') this.tryPaths(chunk);
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
    for (const path of this.session.paths) if (this.bonded.isTried(path)) this.mirrors.push(path.id, chunk);
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
/**
 * Datagrams after which paths are compared anew in `bonded` mode: a quarter millisecond of the path, so that a fast one
 * gets the long runs that make it fast.
 */
function bondedBatch({ model }: Path): number {
  const datagrams = (model.bytesPerSecond * BONDED_BATCH_MICROS) / 1e6 / 1_472;
  return Math.min(TRANSMIT_BATCH, Math.max(LEAST_BONDED_DATAGRAMS, Math.floor(datagrams)));
}

const BONDED_BATCH_MICROS = 250;
const LEAST_BONDED_DATAGRAMS = 16;
const LEAST_BONDED_BYTES = LEAST_BONDED_DATAGRAMS * 1_472;
/**
 * What is sent over the slowest path overtakes nothing only while the others have as much queued as they would carry
 * meanwhile. A sender that was just signalled keeps 0.7 of its window (CUBIC, RFC 9438): twice the difference of the
 * paths is still enough then.
 */
const SPREAD_FACTOR = 2;
/** A rest of the datagram smaller than this is filled with zeros. */
const PAD_BELOW_BYTES = 80;
