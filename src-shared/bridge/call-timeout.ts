import type { BridgeMethod } from './bridge.ts';

/** Handlers change routes at most, which takes tens of milliseconds. */
const ORDINARY_MS = 10_000;

/** What takes longer, each several times its usual duration. */
const LONGER_MS: Partial<Readonly<Record<BridgeMethod, number>>> = {
  // Waits for answers from the network.
  'doctor.run': 60_000,
  // The daemon watches the test for a few seconds and puts the link back before it answers.
  'test.unplug': 30_000,
  // Listens for announcements as long as the caller says: a few seconds.
  'boxes.find': 15_000,
  // A handshake with the box that may be tried over several links.
  'pairing.pair': 30_000,
};

/** How long a program around the window waits for the daemon's answer to a method, in milliseconds. */
export function callTimeoutMs(method: BridgeMethod): number {
  return LONGER_MS[method] ?? ORDINARY_MS;
}
