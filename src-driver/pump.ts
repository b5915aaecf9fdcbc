import type { NativeApi, NativeDeadlineTimer, NativeTun, NativeUdpSocket } from '../src-platform/native.ts';
import type { Engine } from '../src-engine/engine.ts';
import { LARGE_SLOT_BYTES, MEDIUM_SLOT_BYTES } from '../src-engine/memory.ts';
import type { EngineMemory } from '../src-engine/memory.ts';
import type { Path } from '../src-engine/path/path.ts';
import type { Session } from '../src-engine/session.ts';
import { ReadModeration } from './read-moderation.ts';
import { DATAGRAM_TOO_LARGE, isSocketDead } from './send-errors.ts';

/** What the packet loop joins. */
export interface PumpOptions {
  readonly native: Pick<NativeApi, 'nowMicros' | 'DeadlineTimer' | 'addressPin' | 'addressUnpin'>;
  readonly memory: EngineMemory;
  /** The session that a packet read from the TUN belongs to; null if it belongs to none. */
  readonly sessionFor: (bytes: Uint8Array, at: number, length: number) => Session | null;
  /** Called whenever engine events may wait. */
  readonly onEvents: () => void;
}

/**
 * The packet loop, shared by laptop and box: batches from the TUN and the sockets go through the engine and out again.
 * Everything happens in calls from the event loop, one batch at a time; nothing is allocated for a packet.
 *
 * After each input {@link flush} drains the engine and sets its one timer, as the engine's contract asks.
 */
export class Pump {
  private readonly options: PumpOptions;
  private readonly timer: NativeDeadlineTimer;
  private readonly sockets: (NativeUdpSocket | undefined)[] = [];
  private readonly pinned = new Map<Session, number[]>();
  private engine: Engine | null = null;
  private tun: NativeTun | null = null;
  /** A slot for reading, so that there always is one. */
  private readSlot = -1;
  private isFlushing = false;
  /** What the timer is set to; Infinity if it is not. */
  private timerAt = Infinity;
  private readonly silenced = new Set<number>();
  private moderation = new ReadModeration();

  constructor(options: PumpOptions) {
    this.options = options;
    this.timer = new options.native.DeadlineTimer(() => this.onDeadline());
    this.readSlot = options.memory.takeSend(LARGE_SLOT_BYTES);
  }

  /** Monotonic microseconds that also count suspended time. */
  now(): number {
    return this.options.native.nowMicros();
  }

  setEngine(engine: Engine): void {
    this.engine = engine;
  }

  /** Starts to carry packets of a TUN; the pump does not own it. */
  attachTun(tun: NativeTun): void {
    this.tun = tun;
    tun.startPolling(() => this.onTunReadable());
  }

  detachTun(): void {
    if (this.moderation.readAt === Infinity) this.tun?.stopPolling();
    this.moderation = new ReadModeration();
    this.tun = null;
  }

  /** Starts to receive on a socket, which the pump owns from here on. @returns its handle. */
  addSocket(socket: NativeUdpSocket): number {
    let handle = this.sockets.findIndex((entry) => entry === undefined);
    if (handle < 0) handle = this.sockets.length;
    this.sockets[handle] = socket;
    socket.startPolling(() => this.onSocketReadable(handle));
    return handle;
  }

  /** Lets a socket neither send nor receive, as if the link swallowed everything: for the unplug test. */
  setSilenced(handle: number, isSilenced: boolean): void {
    if (isSilenced) this.silenced.add(handle);
    else this.silenced.delete(handle);
  }

  /** Closes a socket; the handle may be given out again. */
  removeSocket(handle: number): void {
    this.sockets[handle]?.close();
    this.sockets[handle] = undefined;
    this.silenced.delete(handle);
  }

  /** Stops everything and closes the sockets. */
  close(): void {
    this.detachTun();
    this.timer.close();
    for (let handle = 0; handle < this.sockets.length; handle++) this.removeSocket(handle);
    this.engine = null;
  }

  // ---- input ---------------------------------------------------------------------------------------------------

  private onTunReadable(): void {
    const { memory } = this.options;
    const tun = this.tun;
    if (tun === null || this.engine === null) return;
    let bytes = 0;
    let packets = 0;
    for (; packets < TUN_BATCH_PACKETS && bytes < TUN_BATCH_BYTES; packets++) {
      if (tun.read(this.readSlot, LARGE_SLOT_BYTES, 1, memory.readLength) === 0) break;
      const length = memory.words[memory.readLength]!;
      bytes += length;
      this.accept(length);
    }
    this.moderate(tun, packets);
    this.flush();
  }

  private moderate(tun: NativeTun, packets: number): void {
    const wasFlood = this.moderation.readAt !== Infinity;
    this.moderation.onRead(packets, this.now());
    const isFlood = this.moderation.readAt !== Infinity;
    if (isFlood && !wasFlood) tun.stopPolling();
    if (!isFlood && wasFlood) tun.startPolling(() => this.onTunReadable());
  }

  /** Hands the packet in the read slot to its session; all but large ones are copied, so that the slot is used again. */
  private accept(length: number): void {
    const { memory } = this.options;
    const session = this.options.sessionFor(memory.bytes, this.readSlot, length);
    if (session === null) return;
    const slot = this.makeRoom(length);
    if (slot < 0) return this.dropForMemory();
    if (length <= MEDIUM_SLOT_BYTES) {
      memory.bytes.copyWithin(slot, this.readSlot, this.readSlot + length);
      if (!session.sendPacket(slot, length, this.now())) memory.giveSend(slot);
      return;
    }
    if (session.sendPacket(this.readSlot, length, this.now())) this.readSlot = slot;
    else memory.giveSend(slot);
  }

  /** Takes a slot for a packet; if none is left, the session that queues most drops from its longest lane. */
  private makeRoom(length: number): number {
    for (let attempt = 0; attempt < MAKE_ROOM_ATTEMPTS; attempt++) {
      const slot = this.options.memory.takeSend(length);
      if (slot >= 0) return slot;
      let longest: Session | null = null;
      for (const { session } of this.engine!.peers) {
        if (longest === null || session.outbox.queuedBytes > longest.outbox.queuedBytes) longest = session;
      }
      if (longest === null || !longest.outbox.dropFromLongest(longest.hasCarrying)) return -1;
    }
    return this.options.memory.takeSend(length);
  }

  private dropForMemory(): void {
    this.engine!.drops.add('send-memory');
  }

  private onSocketReadable(handle: number): void {
    for (let round = 0; round < SOCKET_ROUNDS; round++) {
      if (!this.receive(handle)) break;
    }
  }

  /** Takes one batch from a socket. @returns whether there may be more. */
  private receive(handle: number): boolean {
    const socket = this.sockets[handle];
    const engine = this.engine;
    if (socket === undefined || engine === null) return false;
    const { memory } = this.options;
    const count = socket.receive(
      memory.receiveBase,
      memory.receiveStride,
      memory.receiveBuffers,
      memory.receiveMeta,
    );
    if (count > 0 && !this.silenced.has(handle))
      engine.handleDatagrams(handle, memory.receiveMeta, count, this.now());
    this.flush();
    return count === memory.receiveBuffers;
  }

  private onDeadline(): void {
    if (this.engine === null) return;
    this.timerAt = Infinity;
    // What has arrived meanwhile speaks first: a late timer must not take a pause of ours for silence of the peer.
    for (let handle = 0; handle < this.sockets.length; handle++) {
      for (let round = 0; round < SOCKET_ROUNDS && this.receive(handle); round++);
    }
    if (this.now() >= this.moderation.readAt) this.onTunReadable();
    this.engine.handleTimeout(this.now());
    this.flush();
  }

  // ---- output --------------------------------------------------------------------------------------------------

  /** Sends all that the engine has to send and sets the timer; to be called after anything was asked of the engine. */
  flush(): void {
    const engine = this.engine;
    if (engine === null || this.isFlushing) return;
    this.isFlushing = true;
    for (let raw = engine.pollRaw(); raw !== undefined; raw = engine.pollRaw()) {
      this.sendRaw(raw.socket, raw.remote, raw.bytes);
    }
    let isBusy = true;
    // One batch of each session in turn, so that laptops share the box fairly.
    while (isBusy) {
      isBusy = false;
      for (const { session } of engine.peers) if (this.sendBatch(session, engine)) isBusy = true;
    }
    this.isFlushing = false;
    this.options.onEvents();
    this.setTimer(Math.min(engine.nextDeadline(this.now()), this.moderation.readAt));
  }

  /**
   * Sets the timer to an earlier deadline at once; a later one is looked at when the earlier has passed. Deadlines move
   * on with nearly every datagram, so this spares a system call each time for one needless wake-up now and then.
   */
  private setTimer(deadline: number): void {
    if (deadline >= this.timerAt) return;
    this.timerAt = Math.ceil(deadline);
    this.timer.set(this.timerAt);
  }

  private sendBatch(session: Session, engine: Engine): boolean {
    const handle = session.transmit(this.now());
    if (handle < 0) return false;
    const { memory } = this.options;
    const socket = this.sockets[handle];
    const { count } = engine.builder;
    if (this.silenced.has(handle)) return true;
    if (socket === undefined) {
      engine.drops.add('send-refused', count);
      return true;
    }
    const sent = socket.send(memory.sendTable, count, memory.sendResult);
    const errno = memory.words[memory.sendResult]!;
    if (errno !== 0) {
      engine.drops.add('send-refused', memory.words[memory.sendResult + 1]);
      const path = session.transmittingPath;
      if (path !== null && isSocketDead(errno)) session.suspectPath(path.id, 'device-gone', this.now());
      if (path !== null && errno === DATAGRAM_TOO_LARGE) this.noteTooLarge(path, count);
    }
    if (sent < count) {
      engine.drops.add('send-refused', count - sent);
      session.setBlocked(handle, true);
      socket.onceWritable(() => {
        for (const peer of engine.peers) peer.session.setBlocked(handle, false);
        this.flush();
      });
    }
    return true;
  }

  /** A probe for more than the device sends, always the last of a batch, is refused too, and simply counts as lost. */
  private noteTooLarge(path: Path, count: number): void {
    const { words, sendTable, sendResult } = this.options.memory;
    const lastBytes = words[sendTable + 4 * (count - 1) + 1]!;
    const probes = lastBytes > path.mtu.datagramBytes ? 1 : 0;
    if (words[sendResult + 1]! > probes) path.mtu.onRefused(this.now());
  }

  private sendRaw(handle: number, remote: number, bytes: Uint8Array): void {
    const { memory } = this.options;
    const socket = this.sockets[handle];
    if (socket === undefined || this.silenced.has(handle)) return;
    memory.bytes.set(bytes, memory.transmitBase);
    const entry = memory.sendTable;
    memory.words[entry] = memory.transmitBase;
    memory.words[entry + 1] = bytes.length;
    memory.words[entry + 2] = remote;
    socket.send(entry, 1, memory.sendResult);
  }

  /** Keeps the addresses that a session's paths use from being recycled; to be called when paths changed. */
  pinRemotes(session: Session): void {
    const { native } = this.options;
    const before = this.pinned.get(session) ?? [];
    const after = session.paths.filter((path) => path.isOpen && path.remote > 0).map((path) => path.remote);
    for (const remote of after) native.addressPin(remote);
    for (const remote of before) native.addressUnpin(remote);
    if (after.length > 0) this.pinned.set(session, after);
    else this.pinned.delete(session);
  }
}

/** Taken from the TUN before the engine sends: 8 super-packets of 64 KiB stay within the second-level cache. */
const TUN_BATCH_BYTES = 8 * 65_536;
/** Of small packets this many fill some 20 datagrams; twice as many would let the first wait half a millisecond. */
const TUN_BATCH_PACKETS = 256;
/** Batches taken from one socket before others get their turn: 4 x 8 buffers of 64 KiB are 2 MiB. */
const SOCKET_ROUNDS = 4;
/** A small packet may displace several large ones of other lanes before a small slot becomes free. */
const MAKE_ROOM_ATTEMPTS = 8;
