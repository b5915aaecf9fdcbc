import type { RandomBytes } from '../ports.ts';
import type { ChunkFate, Path } from './path.ts';

/**
 * Asks paths whether they live: challenges while a path is unproven, pings while it stands by or is suspected. The
 * initiator owns that; the responder asks only what it needs to know to answer.
 */
export class PathSupervisor {
  private readonly isInitiator: boolean;
  private readonly random: RandomBytes;

  constructor(role: 'initiator' | 'responder', random: RandomBytes) {
    this.isInitiator = role === 'initiator';
    this.random = random;
  }

  /** Asks at once. */
  hurry(path: Path, now: number): void {
    path.probeIntervalMicros = 0;
    path.probeAt = now;
    this.onTimeout(path, true, now);
  }

  /** Sends the probes that are due. @param isActive whether data flowed lately. */
  onTimeout(path: Path, isActive: boolean, now: number): void {
    if (path.probeAt === 0 || now < path.probeAt) return;
    switch (path.state) {
      case 'closed':
        path.probeAt = 0;
        return;
      case 'validated': {
        const interval = isActive ? ACTIVE_PROBE_MICROS : IDLE_PROBE_MICROS;
        if (now - path.lastElicitingAt >= interval || path.probeIntervalMicros === 0) path.pingDue = true;
        path.probeIntervalMicros = interval;
        path.probeAt = this.isInitiator ? now + interval : 0;
        return;
      }
      case 'probing':
        this.challenge(path);
        this.backOff(path, PROBING_FIRST_MICROS, now);
        return;
      case 'suspect':
        path.pingDue = true;
        this.backOff(path, SUSPECT_FIRST_MICROS, now);
        return;
    }
  }

  private backOff(path: Path, firstMicros: number, now: number): void {
    const age = now - path.stateSince;
    if (!this.isInitiator && age > RESPONDER_PERSISTENCE_MICROS) {
      path.probeAt = 0;
      return;
    }
    const ceiling = age > LONG_DEAD_MICROS ? IDLE_PROBE_MICROS : DEAD_PROBE_MICROS;
    path.probeIntervalMicros = Math.min(ceiling, Math.max(firstMicros, path.probeIntervalMicros * 2));
    path.probeAt = now + path.probeIntervalMicros;
  }

  /** Asks with the same bytes until they come back: a path may take longer than the pause between questions. */
  private challenge(path: Path): void {
    path.challenge ??= this.random(8);
    path.challengeDue = true;
  }

  /** An authentic datagram came over a path that is not usable: ask back, it may work again. */
  onHeard(path: Path, now: number): void {
    if (path.probeAt > 0 && path.probeAt - now <= SUSPECT_FIRST_MICROS) return;
    if (path.state === 'suspect') path.pingDue = true;
    else if (path.state === 'probing' && path.challenge === null) this.challenge(path);
    path.probeAt = now + SUSPECT_FIRST_MICROS;
    path.probeIntervalMicros = SUSPECT_FIRST_MICROS;
  }

  /** The newest datagram of a path came from this source: a new one is challenged before the path moves. */
  noteSource(path: Path, socket: number, remote: number, now: number): void {
    if (socket === path.socket && remote === path.remote) {
      path.candidate = null;
      return;
    }
    if (path.candidate?.socket === socket && path.candidate.remote === remote) return;
    path.candidate = { socket, remote };
    path.challenge = null;
    this.challenge(path);
    path.probeAt = now + PROBING_FIRST_MICROS;
  }

  /** @returns true if the path has just become validated (or moved). */
  onResponse(path: Path, proof: Uint8Array, fate: ChunkFate, now: number): boolean {
    const challenge = path.challenge;
    if (challenge === null) return false;
    for (let i = 0; i < 8; i++) if (proof[i] !== challenge[i]) return false;
    path.challenge = null;
    path.challengeDue = false;
    if (path.candidate !== null) {
      const { socket, remote } = path.candidate;
      path.move(socket, remote, fate, now);
      this.hurry(path, now);
      return true;
    }
    if (path.state !== 'probing') return false;
    path.validate(now);
    this.hurry(path, now);
    return true;
  }
}

/** While data flows a standby path is asked four times a second, so that a switch never meets a dead one. */
const ACTIVE_PROBE_MICROS = 250_000;
/** An idle tunnel asks once a second: the next packet finds a path known to work a second ago. */
const IDLE_PROBE_MICROS = 1_000_000;
/** A LAN answers within this time; twice of it delays the first connection. */
const PROBING_FIRST_MICROS = 30_000;
/** The first questions to a suspected path come fast: most suspicions are pauses of a few milliseconds. */
const SUSPECT_FIRST_MICROS = 10_000;
/** A path that comes back is noticed within a quarter second, which leaves room in the promised 300 ms. */
const DEAD_PROBE_MICROS = 200_000;
/** After five minutes the laptop is probably somewhere else. */
const LONG_DEAD_MICROS = 300_000_000;
/** The responder soon waits to be asked: the initiator knows its links. */
const RESPONDER_PERSISTENCE_MICROS = 1_000_000;
