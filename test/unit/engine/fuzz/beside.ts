import { type SimNode, SimWorld } from '../../../support/sim-world.ts';

/** An honest session with traffic both ways, at whose ends hostile bytes are thrown. */
export class HonestPair {
  readonly world: SimWorld;
  /** Real datagrams that reached the nodes, the newest 64 of each. */
  readonly captured: { readonly to: SimNode; readonly bytes: Uint8Array }[] = [];
  private sent = 0;
  private captures = 0;

  constructor(seed: number) {
    this.world = new SimWorld(seed, [{}, {}]);
    this.capture(this.world.box);
    this.capture(this.world.laptop);
    this.world.openPath(0);
    this.world.openPath(1);
    this.world.run(this.world.now + 500_000);
  }

  private capture(node: SimNode): void {
    const { engine } = node;
    const genuine = engine.handleDatagrams.bind(engine);
    engine.handleDatagrams = (socket, table, count, now) => {
      const at = node.memory.words[table]!;
      const bytes = node.memory.bytes.slice(at, at + node.memory.words[table + 1]!);
      this.captured[this.captures++ % 128] = { to: node, bytes };
      genuine(socket, table, count, now);
    };
    this.throwAt.set(node, genuine);
  }

  private readonly throwAt = new Map<SimNode, SimNode['engine']['handleDatagrams']>();

  /** Puts bytes in front of a node as one datagram, now. */
  hit(node: SimNode, bytes: Uint8Array, segmentBytes: number, socket: number, remote: number): void {
    const { memory } = node;
    memory.bytes.set(bytes, memory.receiveBase);
    memory.words.set([memory.receiveBase, bytes.length, segmentBytes, remote], memory.receiveMeta);
    this.throwAt.get(node)!(socket, memory.receiveMeta, 1, this.world.now);
    this.world.settle(node);
  }

  /** Lets both ends live on a little, with a packet each way. */
  live(): void {
    const { world } = this;
    world.laptop.send(1, this.sent, 400);
    world.box.send(2, this.sent, 700);
    this.sent++;
    world.settle(world.laptop);
    world.settle(world.box);
    world.run(world.now + 2_000);
  }

  /** What the honest session suffered; empty if nothing. */
  complaints(): string[] {
    const { world } = this;
    // Long enough for old keys to expire.
    world.run(world.now + 12_000_000);
    const complaints = [...world.box.faults, ...world.laptop.faults];
    for (const node of [world.box, world.laptop]) {
      if (node.arrivals.length !== this.sent)
        complaints.push(`${node.name} got ${node.arrivals.length} of ${this.sent}`);
      for (const { available, count, slotBytes } of node.memory.send) {
        if (available !== count) complaints.push(`${node.name} keeps send slots of ${slotBytes} bytes`);
      }
      if (node.aead.liveKeys > 8) complaints.push(`${node.name} holds ${node.aead.liveKeys} keys`);
      if (node.session.paths.length > 16)
        complaints.push(`${node.name} has ${node.session.paths.length} paths`);
      complaints.push(...this.growth(node));
    }
    return complaints;
  }

  /** Containers of an engine, found by looking, that hold more than any honest use would put there. */
  private growth(node: SimNode): string[] {
    const found: string[] = [];
    const seen = new Set<object>();
    const visit = (value: unknown, name: string): void => {
      if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return;
      seen.add(value);
      const size = Array.isArray(value)
        ? value.length
        : value instanceof Map || value instanceof Set
          ? value.size
          : 0;
      // Opening keeps one batch of generations for reuse: 1,024 at most.
      if (size > (name.endsWith('.opening') ? 1_024 : 64))
        found.push(`${node.name}${name} has ${size} entries`);
      if (value instanceof Map) for (const entry of value.values()) visit(entry, `${name}[]`);
      for (const [key, entry] of Object.entries(value)) visit(entry, `${name}.${key}`);
    };
    visit(node.engine, '.engine');
    return found;
  }

  dispose(): void {
    this.world.dispose();
  }
}
