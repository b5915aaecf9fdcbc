import { importPrivateKey } from '../../src-engine/crypto/x25519.ts';
import { Engine } from '../../src-engine/engine.ts';
import { EngineMemory, type MemoryPlan } from '../../src-engine/memory.ts';
import type { Session } from '../../src-engine/session.ts';
import type { Role } from '../../src-engine/session-types.ts';
import type { SessionEvent } from '../../src-engine/session-events.ts';
import { Rng } from './rng.ts';
import { SimAead } from './sim-aead.ts';
import { type LinkConditions, SimDirection } from './sim-link.ts';
import { fold, sumOf } from './udp-packets.ts';

export const SIM_PLAN: MemoryPlan = {
  sendLarge: 24,
  sendMedium: 128,
  sendSmall: 1_024,
  receiveLarge: 24,
  receiveMedium: 128,
  receiveSmall: 1_024,
  receiveBuffers: 1,
};

/** Buffers of finished worlds, used again: clearing megabytes per seed would dominate the run. */
const spareBuffers: ArrayBuffer[] = [];

/** A delivered inner packet: its flow and number. */
export interface Arrival {
  readonly flow: number;
  readonly number: number;
  readonly at: number;
  /** The second byte of its IPv4 header. */
  readonly tos: number;
}

/** What the header of an inner packet says beside its flow. */
export interface SimHeader {
  readonly tos?: number;
  /** Whether the packet goes the other way of the flow: source and destination change places. */
  readonly isAnswer?: boolean;
}

/** One end: an engine, its arena, and what its inside received. */
export class SimNode {
  readonly name: string;
  readonly memory: EngineMemory;
  readonly aead: SimAead;
  engine: Engine;
  session: Session;
  readonly arrivals: Arrival[] = [];
  readonly events: SessionEvent[] = [];
  wakeAt = Infinity;
  isRunning = true;
  private readonly expected = new Map<number, number>();
  readonly faults: string[] = [];
  readonly buffer: ArrayBuffer;
  private readonly world: SimWorld;
  private readonly role: Role;
  private readonly keyByte: number;
  private readonly peerByte: number;

  constructor(world: SimWorld, name: string, role: Role, keyByte: number, peerByte: number) {
    this.world = world;
    this.name = name;
    this.role = role;
    this.keyByte = keyByte;
    this.peerByte = peerByte;
    this.buffer = spareBuffers.pop() ?? new ArrayBuffer(EngineMemory.bytesFor(SIM_PLAN));
    this.memory = new EngineMemory(this.buffer, SIM_PLAN);
    this.aead = new SimAead(this.memory);
    [this.engine, this.session] = this.start();
  }

  /** Starts a new process on this node: everything in memory is gone, packets of the inside are numbered on. */
  restart(): void {
    const fresh = new EngineMemory(this.buffer, SIM_PLAN);
    Object.assign(this, { memory: fresh, aead: new SimAead(fresh) });
    [this.engine, this.session] = this.start();
    this.isRunning = true;
  }

  private start(): [Engine, Session] {
    const { world } = this;
    const engine = new Engine({
      role: this.role,
      staticKey: importPrivateKey(new Uint8Array(32).fill(this.keyByte)),
      memory: this.memory,
      aead: this.aead,
      packets: () => ({ writePackets: (table, count) => this.receive(table, count) }),
      random: (count) => world.rng.bytes(count),
      now: world.now,
      describeRemote: (remote) => new Uint8Array([remote]),
      sourceOf: (remote) => remote,
    });
    const peerKey = importPrivateKey(new Uint8Array(32).fill(this.peerByte)).publicKey;
    return [engine, engine.addPeer(peerKey)];
  }

  private receive(table: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = this.memory.words[table + 2 * i]!;
      const length = this.memory.words[table + 2 * i + 1]!;
      const packet = readPacket(this.memory.bytes, at, length);
      if (typeof packet === 'string') {
        this.faults.push(packet);
        continue;
      }
      const last = this.expected.get(packet.flow) ?? -1;
      if (packet.number <= last) this.faults.push(`flow ${packet.flow}: ${packet.number} after ${last}`);
      this.expected.set(packet.flow, packet.number);
      this.arrivals.push({ ...packet, at: this.world.now });
    }
  }

  /** Sends an inner packet of a flow. @returns false if the engine had no room. */
  send(flow: number, number: number, bytes: number, header: SimHeader = {}): boolean {
    const slot = this.memory.takeSend(bytes);
    if (slot < 0) return false;
    writePacket(this.memory.bytes, slot, flow, number, bytes, header);
    if (this.session.sendPacket(slot, bytes, this.world.now)) return true;
    this.memory.giveSend(slot);
    return false;
  }
}

interface Flight {
  readonly at: number;
  readonly order: number;
  readonly to: SimNode;
  readonly socket: number;
  readonly remote: number;
  readonly bytes: Uint8Array;
}

/**
 * Two engines on one virtual clock, joined by simulated links. The laptop's socket `i` is its end of link `i`; the
 * box has one socket, 0, and knows the laptop's end of link `i` as remote `i`, plus 16 for each change of address.
 */
export class SimWorld {
  now = 1_000_000;
  readonly rng: Rng;
  readonly laptop: SimNode;
  readonly box: SimNode;
  readonly links: { up: SimDirection; down: SimDirection; address: number }[] = [];
  datagrams = 0;
  private readonly flights: Flight[] = [];
  private order = 0;

  constructor(seed: number, links: readonly Partial<LinkConditions>[]) {
    this.rng = new Rng(seed);
    for (const conditions of links) {
      this.links.push({
        up: new SimDirection(conditions, this.rng),
        down: new SimDirection(conditions, this.rng),
        address: this.links.length,
      });
    }
    this.laptop = new SimNode(this, 'laptop', 'initiator', 1, 2);
    this.box = new SimNode(this, 'box', 'responder', 2, 1);
  }

  /** Gives the arenas back. */
  dispose(): void {
    spareBuffers.push(this.laptop.buffer, this.box.buffer);
  }

  openPath(link: number, rank = link * 6_000, maximumBytes = 1_472): void {
    this.laptop.session.openPath(link, link, link, rank, maximumBytes, this.now);
    this.settle(this.laptop);
  }

  closePath(link: number): void {
    this.laptop.session.closePath(link, 'carrier-lost', this.now);
    this.settle(this.laptop);
  }

  setBoth(link: number, change: Partial<LinkConditions>): void {
    Object.assign(this.links[link]!.up.conditions, change);
    Object.assign(this.links[link]!.down.conditions, change);
  }

  /** Sends what a node has to send, and notes when it wants to be woken. */
  settle(node: SimNode): void {
    const { engine, memory } = node;
    for (let raw = engine.pollRaw(); raw !== undefined; raw = engine.pollRaw()) {
      this.launch(node, raw.socket, raw.remote, raw.bytes.slice());
    }
    for (
      let socket = node.session.transmit(this.now);
      socket >= 0;
      socket = node.session.transmit(this.now)
    ) {
      for (let i = 0; i < engine.builder.count; i++) {
        const entry = memory.sendTable + 4 * i;
        const at = memory.words[entry]!;
        this.launch(
          node,
          socket,
          memory.words[entry + 2]!,
          memory.bytes.slice(at, at + memory.words[entry + 1]!),
        );
      }
    }
    for (let event = node.session.pollEvent(); event; event = node.session.pollEvent())
      node.events.push(event);
    node.wakeAt = engine.nextDeadline(this.now);
  }

  private launch(from: SimNode, socket: number, remote: number, bytes: Uint8Array): void {
    this.datagrams++;
    const index = from === this.laptop ? socket : remote % 16;
    const link = this.links[index]!;
    // A datagram to an address that the laptop no longer has is lost.
    if (from === this.box && remote !== link.address) return;
    const direction = from === this.laptop ? link.up : link.down;
    for (const at of direction.arrivals(bytes.length, this.now)) {
      const copy = bytes.slice();
      if (direction.corrupts) copy[this.rng.int(0, copy.length - 1)]! ^= 1 << this.rng.int(0, 7);
      const to = from === this.laptop ? this.box : this.laptop;
      const socketThere = from === this.laptop ? 0 : index;
      const remoteThere = from === this.laptop ? link.address : index;
      this.push({ at, order: this.order++, to, socket: socketThere, remote: remoteThere, bytes: copy });
    }
  }

  /** Puts bytes in front of a node, as an attacker could. */
  inject(to: SimNode, socket: number, remote: number, bytes: Uint8Array): void {
    this.push({ at: this.now + 1, order: this.order++, to, socket, remote, bytes });
  }

  private push(flight: Flight): void {
    let at = this.flights.push(flight) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(this.flights[at]!, this.flights[parent]!)) break;
      [this.flights[at], this.flights[parent]] = [this.flights[parent]!, this.flights[at]!];
      at = parent;
    }
  }

  private pop(): Flight {
    const top = this.flights[0]!;
    const last = this.flights.pop()!;
    if (this.flights.length > 0) {
      this.flights[0] = last;
      let at = 0;
      for (;;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < this.flights.length && isBefore(this.flights[child]!, this.flights[least]!))
            least = child;
        }
        if (least === at) break;
        [this.flights[at], this.flights[least]] = [this.flights[least]!, this.flights[at]!];
        at = least;
      }
    }
    return top;
  }

  /** Runs until `until`, calling `tick` each `tickMicros` if given. */
  run(until: number, tickMicros = Infinity, tick: () => void = () => undefined): void {
    let nextTick = tickMicros === Infinity ? Infinity : this.now;
    for (;;) {
      const flightAt = this.flights[0]?.at ?? Infinity;
      const next = Math.min(flightAt, this.laptop.wakeAt, this.box.wakeAt, nextTick);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (nextTick <= this.now) {
        tick();
        nextTick = this.now + tickMicros;
        this.settle(this.laptop);
        this.settle(this.box);
      }
      while ((this.flights[0]?.at ?? Infinity) <= this.now) this.land(this.pop());
      for (const node of [this.laptop, this.box]) {
        if (!node.isRunning) {
          node.wakeAt = Infinity;
        } else if (node.wakeAt <= this.now) {
          node.engine.handleTimeout(this.now);
          this.settle(node);
        }
      }
    }
    this.now = until;
  }

  /** Both ends sleep: time passes, nothing happens, what was on the way is gone. */
  sleep(micros: number): void {
    this.flights.length = 0;
    this.now += micros;
  }

  private land(flight: Flight): void {
    const { to, bytes } = flight;
    if (!to.isRunning) return;
    const { memory } = to;
    memory.bytes.set(bytes, memory.receiveBase);
    memory.words[memory.receiveMeta] = memory.receiveBase;
    memory.words[memory.receiveMeta + 1] = bytes.length;
    memory.words[memory.receiveMeta + 2] = bytes.length;
    memory.words[memory.receiveMeta + 3] = flight.remote;
    to.engine.handleDatagrams(flight.socket, memory.receiveMeta, 1, this.now);
    this.settle(to);
  }
}

function isBefore(a: Flight, b: Flight): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Smallest inner packet that carries flow, number and a check. */
export const MIN_PACKET_BYTES = 10 + 20 + 8 + 8;

function writePacket(
  bytes: Uint8Array,
  at: number,
  flow: number,
  number: number,
  length: number,
  { tos = 0, isAnswer = false }: SimHeader,
): void {
  bytes.fill(0, at, at + 38);
  const ip = at + 10;
  bytes[ip] = 0x45;
  bytes[ip + 1] = tos;
  bytes[ip + 9] = 17;
  bytes[ip + 15] = isAnswer ? 2 : 1;
  bytes[ip + 19] = isAnswer ? 1 : 2;
  const sum = ~headerSum(bytes, ip);
  bytes[ip + 10] = sum >> 8;
  bytes[ip + 11] = sum;
  const port = ip + (isAnswer ? 22 : 20);
  bytes[port] = flow >> 8;
  bytes[port + 1] = flow;
  const body = ip + 28;
  const end = at + length;
  for (let i = 0; i < 4; i++) bytes[body + i] = number >> (8 * i);
  for (let i = 4; i < 8; i++) bytes[body + i] = length >> (8 * (i - 4));
  for (let i = body + 8; i < end; i++) bytes[i] = (number * 31 + (i - body)) & 0xff;
}

function readPacket(
  bytes: Uint8Array,
  at: number,
  length: number,
): { flow: number; number: number; tos: number } | string {
  const ip = at + 10;
  // One of the ports is 0.
  const flow = ((bytes[ip + 20]! | bytes[ip + 22]!) << 8) | bytes[ip + 21]! | bytes[ip + 23]!;
  const body = ip + 28;
  let number = 0;
  let said = 0;
  for (let i = 0; i < 4; i++) number |= bytes[body + i]! << (8 * i);
  for (let i = 4; i < 8; i++) said |= bytes[body + i]! << (8 * (i - 4));
  if (headerSum(bytes, ip) !== 0xffff) return `flow ${flow}: packet ${number} has a wrong header sum`;
  if (said !== length) return `flow ${flow}: packet ${number} has ${length} bytes, not ${said}`;
  for (let i = body + 8; i < at + length; i++) {
    if (bytes[i] !== ((number * 31 + (i - body)) & 0xff))
      return `flow ${flow}: packet ${number} differs at ${i - at}`;
  }
  return { flow, number, tos: bytes[ip + 1]! };
}

function headerSum(bytes: Uint8Array, ip: number): number {
  return fold(sumOf(bytes.subarray(ip, ip + 20)));
}
