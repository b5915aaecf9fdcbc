import type { ListenArgument, PeerArgument } from './arguments.ts';

/** What a box is started with; see `bowline-box run --help`. */
export interface BoxOptions {
  readonly stateDir: string;
  readonly socketPath: string;
  readonly name: string;
  readonly listen: ListenArgument;
  readonly uplink: string;
  /** Whether to announce the box on the local network. */
  readonly isAnnounced: boolean;
  readonly tunnelNet4: string;
  readonly tunnelNet6: string | null;
  readonly peers: readonly PeerArgument[];
}
