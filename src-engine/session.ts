import { DELIVERY_BATCH, SMALL_SLOT_BYTES } from './memory.ts';
import { Path } from './path/path.ts';
import { PathSupervisor } from './path/supervisor.ts';
import { type FrameHandler, FrameReader } from './receive/frame-reader.ts';
import { Inbox, type MessageSink, type PieceFate } from './receive/inbox.ts';
import { BestPath } from './scheduler/best-path.ts';
import { SwitchRecorder } from './scheduler/switch-recorder.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../src-shared/model/lane-codes.ts';
import { FlowClasses } from './flow-classes.ts';
import { classOfPacket } from './inner-class.ts';
import { restoreHead, shortenHead } from './inner-head.ts';
import { CONTROL_LANE, isTcp, laneOfPacket } from './send/lane-hash.ts';
import { PATIENT, type PeerMemory, REDUNDANT, URGENT } from './send/message-store.ts';
import { Outbox } from './send/outbox.ts';
import { Urgency } from './send/urgency.ts';
import type { BondingReason, SessionEvent, SwitchReason } from './session-events.ts';
import type { Mode, Role, SendKey, SessionPorts } from './session-types.ts';
import { SourceFilter } from './source-filter.ts';
import { Transmitter } from './transmitter.ts';
import { type AckFields, type Piece, STATUS_ABANDONED } from './wire/frames.ts';

/** Paths of one session: links times addresses of the box, with room for those that are being replaced. */
export const MAX_PATHS = 16;

/**
 * The keyed relation with one peer: paths, what is on its way out, what is on its way in. A pure state machine: it
 * gets bytes and `now` (monotonic microseconds), and gives batches of datagrams, packets, events and a deadline.
 *
 * Contract: after every call that takes input or time, drain {@link transmit} until it returns null, then read
 * {@link nextDeadline}, before the next.
 */
export class Session implements MessageSink, FrameHandler {
  readonly role: Role;
  readonly paths: Path[] = [];
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly scheduler: BestPath;
  readonly sourceFilter = new SourceFilter();
  mode: Mode = 'seamless';
  sendKey: SendKey | null = null;
  /** Whether a handshake was completed and not undone by {@link close}. */
  isEstablished = false;
  lastDataAt = 0;
  /** Since when no path carries; 0 while one does. */
  lostSince = 0;
  /** When keys were installed last. */
  establishedAt = 0;
  packetsSent = 0;
  packetsReceived = 0;
  private readonly ports: SessionPorts;
  private readonly supervisor: PathSupervisor;
  readonly transmitter: Transmitter;
  private readonly switches: SwitchRecorder;
  private readonly events: SessionEvent[] = [];
  private readonly reader: FrameReader;
  readonly urgency = new Urgency();
  /** At the responder; the initiator's packets say themselves what class they are of. */
  private readonly flowClasses: FlowClasses | null;
  /** Over which path the datagram being read came. */
  private receivingPath: Path | null = null;
  private deliveries = 0;
  private sweepAt = 0;
  private statusSeen = -1;

  constructor(role: Role, ports: SessionPorts) {
    this.role = role;
    this.ports = ports;
    this.flowClasses = role === 'responder' ? new FlowClasses() : null;
    this.outbox = new Outbox(ports.memory);
    this.reader = new FrameReader(ports.memory.bytes, this);
    this.inbox = new Inbox(ports.memory, this);
    this.scheduler = new BestPath(role === 'initiator');
    this.switches = new SwitchRecorder(this.outbox, this.events);
    this.transmitter = new Transmitter(this, ports);
    this.supervisor = new PathSupervisor(role, ports.random);
  }

  // ---- packets of the inside -----------------------------------------------------------------------------------

  /**
   * Takes a packet read from the TUN. On true the slot belongs to the session until the packet is acknowledged.
   * @param slot byte offset of a send slot that holds a virtio-net header and an IP packet.
   */
  sendPacket(slot: number, length: number, now: number): boolean {
    const bytes = this.ports.memory.bytes;
    const flowClass = this.flowClasses?.classOf(bytes, slot, length, now) ?? classOfPacket(bytes, slot);
    const lane = laneOfPacket(bytes, slot, length, flowClass === BONDED_DSCP);
    if (lane < 0) {
      this.ports.drops.add('not-ip');
      return false;
    }
    const isUrgent = this.urgency.note(bytes, slot, length, lane, now);
    const traits = (isTcp(bytes, slot) ? PATIENT : 0) | (isUrgent ? URGENT : 0);
    const classTrait = flowClass === REDUNDANT_DSCP ? REDUNDANT : 0;
    const shorter = shortenHead(bytes, slot);
    if (!this.outbox.enqueue(lane, slot + shorter, length - shorter, traits | classTrait, now)) {
      this.ports.drops.add('send-memory');
      return false;
    }
    this.packetsSent++;
    this.lastDataAt = now;
    return true;
  }

  /**
   * Sends a message to the peer's control handler: reliable, ordered, at most 1,500 bytes.
   * @returns false if no slot is free.
   */
  sendControl(message: Uint8Array, now: number): boolean {
    if (message.length === 0 || message.length > MAX_CONTROL_BYTES)
      throw new RangeError('control message length');
    const slot = this.ports.memory.takeSend(message.length);
    if (slot < 0) return false;
    this.ports.memory.bytes.set(message, slot);
    if (this.outbox.enqueue(CONTROL_LANE, slot, message.length, PATIENT, now)) return true;
    this.ports.memory.giveSend(slot);
    return false;
  }

  /** Whether some path can take data now. */
  get hasCarrying(): boolean {
    return this.scheduler.carrying !== null;
  }

  // ---- keys ----------------------------------------------------------------------------------------------------

  /** Begins to send with new keys. With `isResumed` false the peer has lost its state and everything starts over. */
  installKeys(key: SendKey, isResumed: boolean, peer: PeerMemory, now: number): void {
    const goesOn = isResumed && this.isEstablished && this.transmitter.closeReason < 0;
    if (!isResumed) this.restart(now);
    if (!goesOn) this.switches.reset(this.scheduler.carrying);
    this.sendKey = key;
    this.isEstablished = true;
    this.establishedAt = now;
    this.transmitter.closeReason = -1;
    for (const path of this.paths) path.isBlocked = false;
    this.outbox.setPeerMemory(peer);
    this.events.push({ kind: 'established', isResumed });
    for (const path of this.openPaths()) this.supervisor.hurry(path, now);
  }

  /** The peer speaks another version; only worth telling while no session stands, since anybody could say so. */
  noteVersion(peerVersion: number): void {
    if (!this.isEstablished) this.events.push({ kind: 'version-mismatch', peerVersion });
  }

  private restart(now: number): void {
    for (const path of this.openPaths()) {
      const { socket, remote, rank } = path;
      path.close(this.outbox, now);
      const fresh = new Path(path.id);
      fresh.open(socket, remote, rank, path.maximumDatagramBytes, now);
      this.paths[path.id] = fresh;
    }
    for (const [id, path] of this.paths.entries()) {
      if (path !== undefined && !path.isOpen) this.paths[id] = new Path(id);
    }
    this.outbox.restart();
    this.inbox.reset();
    this.statusSeen = -1;
    this.transmitter.reset();
    this.choose('better-link', now);
    this.lostSince = now;
  }

  /** Ends the session towards the peer: one CLOSE on each path; nothing is sent afterwards until new keys come. */
  close(reason: number): void {
    this.transmitter.closeReason = reason;
  }

  /** Gives back all memory, of what was not delivered too: the peer is forgotten. */
  release(now: number): void {
    for (const path of this.openPaths()) path.close(this.outbox, now);
    this.outbox.restart(false);
    this.inbox.reset();
    this.isEstablished = false;
  }

  // ---- paths ---------------------------------------------------------------------------------------------------

  /** The path with an id, made on first use. @throws RangeError outside 0..{@link MAX_PATHS}-1. */
  path(id: number): Path {
    if (id < 0 || id >= MAX_PATHS) throw new RangeError(`path id ${id}`);
    while (this.paths.length <= id) this.paths.push(new Path(this.paths.length));
    return this.paths[id]!;
  }

  /** Opens a path over a socket towards an address of the peer. An open path of that id is closed first. */
  openPath(
    id: number,
    socket: number,
    remote: number,
    rank: number,
    maximumBytes: number,
    now: number,
  ): void {
    const path = this.path(id);
    if (path.isOpen) this.closePath(id, 'user', now);
    path.open(socket, remote, rank, maximumBytes, now);
    this.supervisor.hurry(path, now);
    this.announce(path);
    this.transmitter.statusChanged();
  }

  /** Ends a path at once; what it had in flight goes out on the others. */
  closePath(id: number, reason: SwitchReason, now: number): void {
    const path = this.path(id);
    if (!path.isOpen) return;
    this.switches.noteFailure(path, now);
    path.close(this.outbox, now);
    this.announce(path);
    this.transmitter.statusChanged();
    this.choose(reason, now);
  }

  /** Believes a path to fail before its own timers do; `closePath` is for what is certain. */
  suspectPath(id: number, reason: SwitchReason, now: number): void {
    const path = this.path(id);
    if (!path.isUsable) return;
    this.switches.noteFailure(path, now);
    path.suspect(this.outbox, now);
    this.announce(path);
    this.choose(reason, now);
  }

  /** Probes a path now, because something hints that it may work again. */
  hurryPath(id: number, now: number): void {
    if (this.path(id).isOpen) this.supervisor.hurry(this.path(id), now);
  }

  /** Changes the preference of a link (lower carries first; in microseconds of round trip). */
  rankPath(id: number, rank: number, now: number): void {
    const path = this.path(id);
    if (path.rank === rank) return; // A choice that is due anyway would be called the user's.
    const wasReserve = path.isReserve;
    path.rank = rank;
    if (path.isReserve !== wasReserve) this.transmitter.statusChanged();
    this.choose('user', now);
  }

  /** Learns what a path's link carries now, UDP payload bytes. */
  resizePath(id: number, maximumBytes: number, now: number): void {
    const path = this.path(id);
    path.maximumDatagramBytes = maximumBytes;
    path.mtu.setMaximum(maximumBytes, now);
  }

  private *openPaths(): Iterable<Path> {
    for (const path of this.paths) if (path.isOpen) yield path;
  }

  /** See {@link BondingReason}. */
  noteBonding(path: Path, reason: BondingReason): void {
    const { bytesPerSecond } = path.model;
    this.events.push({ kind: 'bonding', pathId: path.id, reason, bytesPerSecond, lossRatio: path.lossRatio });
  }

  private announce(path: Path): void {
    this.events.push({ kind: 'path', pathId: path.id, state: path.state });
  }

  private choose(reason: SwitchReason, now: number): void {
    const before = this.scheduler.carrying;
    if (!this.scheduler.update(this.paths, now)) return;
    const after = this.scheduler.carrying;
    this.lostSince = after === null ? now : 0;
    this.outbox.resume(now);
    this.switches.onSwitch(after, reason, now);
    if (before !== null && after !== null && before.isUsable) this.transmitter.duplicateOn(before, now);
    this.transmitter.statusChanged();
  }

  // ---- datagrams of the outside --------------------------------------------------------------------------------

  /** Whether a datagram with this number is worth opening. */
  isFresh(pathId: number, packetNumber: number): boolean {
    if (pathId >= MAX_PATHS) return false;
    const path = this.paths[pathId];
    return path === undefined || path.received.check(packetNumber);
  }

  /**
   * Takes the plaintext of an authentic datagram, `at` to `end` in the arena.
   * @param datagramBytes its size on the wire; `socket` and `remote` where it came from.
   */
  onDatagram(
    pathId: number,
    packetNumber: number,
    at: number,
    end: number,
    datagramBytes: number,
    socket: number,
    remote: number,
    now: number,
  ): void {
    if (pathId >= MAX_PATHS) return this.ports.drops.add('unknown-path');
    const path = this.path(pathId);
    if (!path.received.check(packetNumber)) return this.ports.drops.add('replayed');
    if (!path.isOpen && !this.openFromPeer(path, socket, remote, now))
      return this.ports.drops.add('unknown-path');
    const isNewest = packetNumber > path.received.largest;
    const isGap = packetNumber !== path.received.largest + 1;
    if (isNewest && this.role === 'responder') this.supervisor.noteSource(path, socket, remote, now);
    path.bytesReceived += datagramBytes;
    path.lastHeardAt = now;
    // The laptop knows what its link can send, whatever that receives.
    if (this.role === 'responder' && datagramBytes > path.mtu.datagramBytes)
      path.mtu.raiseMaximum(datagramBytes, now);
    this.receivingPath = path;
    const outcome = this.reader.read(path, at, end, socket, remote, now);
    if (outcome === 'no-memory') return this.ports.drops.add('receive-memory');
    path.received.accept(packetNumber);
    if (this.reader.isMalformed) this.ports.drops.add('malformed');
    if (outcome === 'eliciting') path.acks.onEliciting(isGap, isNewest, now);
    if (!path.isUsable) this.supervisor.onHeard(path, now);
  }

  private openFromPeer(path: Path, socket: number, remote: number, now: number): boolean {
    if (this.role !== 'responder') return false;
    path.open(socket, remote, 0, ASSUMED_DATAGRAM_BYTES, now);
    this.announce(path);
    return true;
  }

  // ---- frames, as the reader finds them ------------------------------------------------------------------------

  takePiece(piece: Piece, now: number): PieceFate {
    this.lastDataAt = now;
    return this.inbox.take(piece);
  }

  takeSkip(lane: number, number: number): boolean {
    return this.inbox.skip(lane, number);
  }

  takeAck(ack: AckFields, now: number): boolean {
    const path = this.paths[ack.pathId];
    if (path === undefined || !path.isOpen) return true;
    const wasUsable = path.isUsable;
    if (!path.onAck(ack, path === this.receivingPath, this.outbox, now)) return false;
    if (path.isUsable !== wasUsable) {
      this.announce(path);
      this.transmitter.statusChanged();
    }
    this.switches.onProgress(path, now);
    this.choose('better-link', now);
    return true;
  }

  takeChallenge(path: Path, proof: Uint8Array, socket: number, remote: number): void {
    path.responseDue = proof;
    path.responseTo = { socket, remote };
  }

  takeResponse(path: Path, proof: Uint8Array, now: number): void {
    if (!this.supervisor.onResponse(path, proof, this.outbox, now)) return;
    this.announce(path);
    this.transmitter.statusChanged();
    this.choose('better-link', now);
  }

  takeStatus(sequence: number, statuses: Uint8Array, now: number): boolean {
    if (this.role !== 'responder') return false;
    if (sequence <= this.statusSeen) return true;
    this.statusSeen = sequence;
    for (let i = 0; i < statuses.length; i += 2) {
      const path = this.paths[statuses[i]!];
      if (path === undefined || !path.isOpen) continue;
      if (statuses[i + 1] === STATUS_ABANDONED) this.closePath(path.id, 'device-gone', now);
      else path.peerStatus = statuses[i + 1]!;
    }
    this.choose('better-link', now);
    return true;
  }

  takeClose(reason: number): void {
    this.isEstablished = false;
    this.events.push({ kind: 'closed', reason });
  }

  // ---- delivery ------------------------------------------------------------------------------------------------

  deliverPacket(start: number, bytes: number): void {
    const { coalescer, memory } = this.ports;
    const longer = restoreHead(memory.bytes, start, bytes);
    const at = start - longer;
    const length = bytes + longer;
    if (!this.sourceFilter.allows(memory.bytes, at, length)) return this.ports.drops.add('wrong-source');
    this.flowClasses?.learn(memory.bytes, at, length, this.lastDataAt);
    this.packetsReceived++;
    if (coalescer.append(at, length)) {
      const last = memory.deliveryTable + 2 * (this.deliveries - 1);
      memory.words[last] = coalescer.joinedAt;
      memory.words[last + 1] = coalescer.joinedLength;
      return;
    }
    const entry = memory.deliveryTable + 2 * this.deliveries;
    memory.words[entry] = at;
    memory.words[entry + 1] = length;
    if (++this.deliveries === DELIVERY_BATCH) this.flush();
  }

  deliverControl(at: number, length: number): void {
    this.events.push({ kind: 'control', bytes: this.ports.memory.bytes.slice(at, at + length) });
  }

  /** Hands over what was delivered; called by the endpoint after each batch of datagrams. */
  flush(): void {
    const count = this.deliveries;
    this.deliveries = 0;
    if (count > 0) this.ports.packets.writePackets(this.ports.memory.deliveryTable, count);
    this.ports.coalescer.reset();
    this.inbox.afterFlush();
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  /** Does what is due at `now`. */
  onTimeout(now: number): void {
    if (!this.isEstablished) return;
    const hasAlternative = this.usableCount() > 1;
    for (const path of this.openPaths()) {
      const silentSince = path.awaitingSince;
      if (path.onTimeout(this.outbox, hasAlternative, now)) {
        this.switches.noteFailureSince(path, silentSince);
        this.announce(path);
        this.choose('silent', now);
        this.transmitter.statusChanged();
      }
      if (path.isLate) this.askOthers(path);
      this.supervisor.onTimeout(path, this.mode !== 'saver' && now - this.lastDataAt < ACTIVE_MICROS, now);
    }
    this.choose('better-link', now);
    if (now >= this.sweepAt) {
      this.sweepAt = now + SWEEP_MICROS;
      this.outbox.dropStale(now);
    }
  }

  /** The only working path is late with an answer: perhaps another has come back, which is cheap to ask. */
  private askOthers(late: Path): void {
    late.isLate = false;
    for (const path of this.openPaths()) if (path !== late && path.state === 'suspect') path.pingDue = true;
  }

  private usableCount(): number {
    let count = 0;
    for (const path of this.paths) if (path.isUsable) count++;
    return count;
  }

  /** When {@link onTimeout} is due next, or Infinity. */
  nextDeadline(now: number): number {
    if (!this.isEstablished) return Infinity;
    const hasAlternative = this.usableCount() > 1;
    let deadline = this.outbox.hasQueued ? this.sweepAt : Infinity;
    for (const path of this.openPaths()) {
      deadline = Math.min(deadline, path.nextDeadline(hasAlternative));
      if (path.acks.dueAt > 0) deadline = Math.min(deadline, path.acks.dueAt);
    }
    deadline = Math.min(deadline, this.scheduler.nextDeadline(this.paths, now));
    return Math.min(deadline, this.transmitter.nextDeadline());
  }

  // ---- output --------------------------------------------------------------------------------------------------

  /**
   * Builds and seals the next batch of datagrams, all for one path.
   * @returns the socket to send on, or -1 if there is nothing to send now. The batch lies in the arena's send table,
   * {@link DatagramBuilder.count} entries long.
   */
  transmit(now: number): number {
    if (this.sendKey === null || !this.isEstablished) return -1;
    return this.transmitter.next(this.sendKey, now);
  }

  /** The path of the batch that {@link transmit} built last. */
  get transmittingPath(): Path | null {
    return this.transmitter.path;
  }

  /** A socket's buffer is full, or has room again: its paths wait, or go on. */
  setBlocked(socket: number, isBlocked: boolean): void {
    for (const path of this.paths) if (path.socket === socket) path.isBlocked = isBlocked;
  }

  /** The next event, or undefined. */
  pollEvent(): SessionEvent | undefined {
    return this.events.shift();
  }
}

/** A message of the session fits a small slot at both ends. */
const MAX_CONTROL_BYTES = SMALL_SLOT_BYTES;
/** Ethernet over IPv4; a larger one is learnt from what arrives. */
const ASSUMED_DATAGRAM_BYTES = 1_472;
/** Standby paths are probed more often as long as the last packet is younger than this. */
const ACTIVE_MICROS = 2_000_000;
/** How often stale packets are looked for: a fraction of the shortest age. */
const SWEEP_MICROS = 1_000_000;
