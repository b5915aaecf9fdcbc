/** What each probe process can be asked; the types of both ends of its pipe. */

/** How one direction of a numbered stream did, for packets sent (counts) or silences seen (gaps) in a window. */
export interface ReceivedInWindow {
  /** Packets of the asked numbers that came, each counted once. */
  readonly received: number;
  readonly lost: number;
  /** Copies beyond the first. */
  readonly duplicated: number;
  /** Packets that came after a later one. */
  readonly reordered: number;
}

/** One silence of a receiver. */
export interface Silence {
  readonly fromMicros: number;
  readonly untilMicros: number;
  /** How late the sender was with the packet that ended it. */
  readonly senderLateMicros: number;
  /** Longest time the receiving process itself did not run during the silence. */
  readonly receiverPausedMicros: number;
  /** Its length less the sender's lateness. */
  readonly correctedMicros: number;
}

/**
 * The longest silences between consecutive arrivals that count for a window (`silence.ts` says which), and the delays
 * of what arrived in it.
 */
export interface ArrivalsInWindow {
  readonly arrivals: number;
  /** Longest by raw length; null if nothing ever arrived. A silence that still lasts ends at the window's end. */
  readonly longest: Silence | null;
  /** Longest after correction. */
  readonly longestCorrected: Silence | null;
  readonly latency: LatencyMicros | null;
}

export interface LatencyMicros {
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Numbers sent in a window: `first` up to but not including `end`. */
export interface SentInWindow {
  readonly first: number;
  readonly end: number;
  /** Largest lateness of the sender against its own plan. */
  readonly worstLateMicros: number;
  /** Sends the kernel refused; their packets count as sent. */
  readonly refused: number;
}

export interface Window {
  readonly fromMicros: number;
  readonly untilMicros: number;
}

export interface NumberRange {
  readonly first: number;
  readonly end: number;
}

/** Requests that either end of the numbered stream answers. */
export type UdpEndRequests = {
  readonly sent: { readonly params: Window; readonly result: SentInWindow };
  readonly received: { readonly params: NumberRange; readonly result: ReceivedInWindow };
  readonly arrivals: { readonly params: Window; readonly result: ArrivalsInWindow };
  /** Stops sending; receiving goes on. */
  readonly halt: { readonly params: null; readonly result: null };
};

export type UdpClientRequests = UdpEndRequests & {
  readonly start: {
    readonly params: {
      readonly host: string;
      readonly port: number;
      readonly packetsPerSecond: number;
      readonly sizeBytes: number;
      readonly expectedSeconds: number;
    };
    /** Settles when the server has answered. */
    readonly result: null;
  };
};

export type UdpServerRequests = UdpEndRequests & {
  readonly listen: { readonly params: { readonly port: number }; readonly result: { readonly port: number } };
  /** Where the client's datagrams come from, as the server sees it; null before the first. */
  readonly source: { readonly params: null; readonly result: string | null };
};

/** A time during which nothing arrived although the transfer was not over. */
export interface Stall {
  readonly fromMicros: number;
  readonly untilMicros: number;
}

/** How one end of a transfer did. */
export interface TransferReport {
  readonly bytes: number;
  /** SHA-256 of the bytes of this end, hexadecimal; empty if the transfer was asked for without. */
  readonly sha256: string;
  readonly startedMicros: number;
  readonly endedMicros: number | null;
  /** Why the connection broke, or null. */
  readonly error: string | null;
  /** Receiving end only: pauses above 20 ms. */
  readonly stalls: readonly Stall[];
}

/** A transfer as the client asks the server for it. */
export interface TransferPlan {
  readonly id: string;
  readonly kind: 'download' | 'upload';
  readonly seed: number;
  /** Bits a second of payload; 0 means as fast as it goes. */
  readonly rateBitsPerSecond: number;
  /** Ends the transfer after so many bytes; 0 means until it is stopped. */
  readonly bytes: number;
  readonly hashes: boolean;
}

export type TcpClientRequests = {
  readonly start: {
    readonly params: { readonly host: string; readonly port: number; readonly plan: TransferPlan };
    readonly result: null;
  };
  /** Ends an endless transfer; settles when this end is done. */
  readonly finish: { readonly params: { readonly timeoutMs: number }; readonly result: TransferReport };
  readonly report: { readonly params: null; readonly result: TransferReport };
  readonly longestStall: { readonly params: Window; readonly result: number };
};

export type EchoClientRequests = {
  readonly start: {
    readonly params: {
      readonly host: string;
      readonly port: number;
      readonly intervalMs: number;
      /** The session counts as dead when an answer takes longer. */
      readonly patienceMs: number;
    };
    readonly result: null;
  };
  readonly window: { readonly params: Window; readonly result: EchoWindow };
  /** Sends no more, waits for the answers that are still owed. */
  readonly finish: { readonly params: { readonly timeoutMs: number }; readonly result: EchoReport };
};

/** Echoes whose request went out in a window. */
export interface EchoWindow {
  readonly asked: number;
  readonly answered: number;
  /** Longest round trip; of an unanswered request, the time since it went out. */
  readonly worstMicros: number;
  readonly medianMicros: number;
}

export interface EchoReport {
  readonly asked: number;
  readonly answered: number;
  /** Why the session broke ('closed', 'no answer in time', a system error code), or null. */
  readonly error: string | null;
}

export type TcpServerRequests = {
  readonly listen: {
    readonly params: { readonly port: number };
    readonly result: { readonly port: number };
  };
  /** How the server's end of a transfer did. */
  readonly report: { readonly params: { readonly id: string }; readonly result: TransferReport };
  readonly longestStall: { readonly params: Window & { readonly id: string }; readonly result: number };
  /** Where a transfer's connection comes from, as the server sees it. */
  readonly source: { readonly params: { readonly id: string }; readonly result: string };
};

/** What somebody in the middle of a pairing changes. */
export type PairingTampering = 'nothing' | 'box-key' | 'laptop-key' | 'both-keys' | 'share';

/** One datagram that the attacker passed on or held up. */
export interface RecordedPairing {
  readonly fromLaptop: boolean;
  readonly hex: string;
}

export type PairingAttackerRequests = {
  /** Listens at a port, and passes what comes there on to the box and back. */
  readonly relay: {
    readonly params: { readonly port: number; readonly box: string; readonly boxPort: number };
    readonly result: null;
  };
  readonly tamper: { readonly params: PairingTampering; readonly result: null };
  /** Holds up every message of a kind; null holds up none. */
  readonly hold: { readonly params: string | null; readonly result: null };
  /** How many messages of a kind came by. */
  readonly seen: { readonly params: string; readonly result: number };
  readonly recording: { readonly params: null; readonly result: readonly RecordedPairing[] };
  /** Sends datagrams from a port of its own; the answers, as they came. */
  readonly send: {
    readonly params: { readonly host: string; readonly port: number; readonly datagrams: readonly string[] };
    readonly result: readonly { readonly kind: string; readonly hex: string }[];
  };
  /** Answers every question of pairing as a box of that version does. */
  readonly playBoxOfVersion: {
    readonly params: { readonly port: number; readonly version: number };
    readonly result: null;
  };
  /** Announces a box by multicast DNS, with a fingerprint and at an address that need not be its own. */
  readonly announce: {
    readonly params: {
      readonly name: string;
      readonly fingerprint: string;
      readonly ownAddress: string;
      readonly address: string;
      readonly port: number;
    };
    /** Settles when it is announced. */
    readonly result: null;
  };
};
