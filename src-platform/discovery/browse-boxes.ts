import type { FoundBox } from '../../src-shared/model/found-box.ts';
import { encodeQuery } from './dns-message.ts';
import { FoundBoxes, type DiscoveryDrop, type FoundEndpoint } from './found-boxes.ts';
import type { DiscoveryLink } from './local-network.ts';
import { openMdns, type MdnsProblem, type MdnsTransport, type MdnsTransportOptions } from './mdns-sockets.ts';
import { SERVICE_NAME } from './service.ts';

export interface BrowseOptions {
  readonly links: readonly DiscoveryLink[];
  /** Only boxes with this key, wherever and by whomever announced. */
  readonly fingerprint?: string;
  /** Called with all boxes whenever something was heard that may have changed them; look for differences. */
  readonly onChange: (browsing: BoxBrowsing) => void;
  readonly onProblem?: (problem: MdnsProblem) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** For tests. */
  readonly openTransport?: (options: MdnsTransportOptions) => MdnsTransport;
}

/** A search for boxes that goes on until it is stopped. */
export interface BoxBrowsing {
  /** One entry for each fingerprint, sorted by name. */
  boxes(): FoundBox[];
  /** Every place at which a box with this key is said to be. */
  endpointsOf(fingerprint: string): FoundEndpoint[];
  readonly drops: Readonly<Record<DiscoveryDrop, number>>;
  /** What kept a link from being searched; null if nothing did. */
  readonly problem: MdnsProblem | null;
  /** Searches these links; those that are new are asked at once. */
  setLinks(links: readonly DiscoveryLink[]): void;
  /** Ends the search; nothing is called after that. */
  stop(): Promise<void>;
}

/** Links come up one after the other within milliseconds; they share the first question. */
const FIRST_QUESTION_MS = 10;
/** The least distance between two questions, which then doubles (RFC 6762, 5.2). */
const SECOND_QUESTION_MS = 1_000;
/**
 * The longest distance. A box that moves announces itself unasked; the question is for announcements that were lost.
 * The specification allows an hour, after which nobody would still believe in the search.
 */
const LONGEST_PAUSE_MS = 60_000;
/** An answer that came in part is completed soon, but not in the same breath. */
const FOLLOW_UP_MS = 100;
/** A neighbour that never completes what it says does not make this one talk without end. */
const FOLLOW_UP_PAUSE_MS = 1_000;

/** Searches for boxes on some links, by multicast DNS. */
export function browseBoxes(options: BrowseOptions): BoxBrowsing {
  const now = options.now ?? (() => performance.now());
  const found = new FoundBoxes(options.fingerprint ?? null);
  let links = options.links;
  let pauseMs = 0;
  let question: NodeJS.Timeout | null = null;
  let followUp: NodeJS.Timeout | null = null;
  let problem: MdnsProblem | null = null;
  let isStopped = false;
  let completedAt = -FOLLOW_UP_PAUSE_MS;

  const transport = (options.openTransport ?? openMdns)({
    onDatagram: (datagram, source) => {
      if (isStopped || !found.take(datagram, source, now())) return;
      followUp ??= setTimeout(complete, Math.max(FOLLOW_UP_MS, completedAt + FOLLOW_UP_PAUSE_MS - now()));
      options.onChange(browsing);
    },
    onOpen: () => {
      if (!isStopped) askAfter(FIRST_QUESTION_MS);
    },
    onProblem: (reported) => {
      problem = reported;
      if (!isStopped) options.onProblem?.(reported);
    },
  });

  function askAfter(delayMs: number): void {
    if (question !== null) clearTimeout(question);
    if (delayMs === FIRST_QUESTION_MS) pauseMs = SECOND_QUESTION_MS / 2;
    question = setTimeout(ask, delayMs);
  }

  function ask(): void {
    for (const link of links) transport.send(link, encodeQuery([{ name: SERVICE_NAME, type: 'PTR' }]));
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    askAfter(pauseMs);
  }

  function complete(): void {
    followUp = null;
    const questions = found.missing(now());
    if (questions.length === 0) return;
    completedAt = now();
    for (const link of links) transport.send(link, encodeQuery(questions));
  }

  const browsing: BoxBrowsing = {
    boxes: () => found.boxes(now()),
    endpointsOf: (fingerprint) => found.endpointsOf(fingerprint, now()),
    drops: found.drops,
    get problem() {
      return problem;
    },
    setLinks: (changed) => {
      links = changed;
      if (!isStopped) transport.setLinks(changed);
    },
    stop: () => {
      isStopped = true;
      if (question !== null) clearTimeout(question);
      if (followUp !== null) clearTimeout(followUp);
      return transport.close();
    },
  };
  transport.setLinks(links);
  return browsing;
}
