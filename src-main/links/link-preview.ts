import type { LinkKind } from '../../src-shared/model/link.ts';

/** A network interface as the app sees it without the daemon. */
export interface PreviewLink {
  readonly name: string;
  readonly kind: LinkKind;
  readonly isUp: boolean;
}

/** The part of `systeminformation`'s answer that is used. */
export interface InterfaceFacts {
  readonly iface: string;
  readonly type: string;
  readonly operstate: string;
  readonly virtual: boolean;
  readonly internal: boolean;
  readonly ip4: string;
  readonly ip6: string;
}

/** Reads the interfaces of this machine. */
export type ReadInterfaces = () => Promise<readonly InterfaceFacts[]>;

/** How often interfaces are read while the daemon is away: a cable should show within a few seconds. */
const READ_EVERY_MS = 4_000;

/**
 * Watches the laptop's links while the daemon does not answer, so that a person who sets Bowline up sees that cable and
 * Wi-Fi are there. Once the daemon speaks it knows better, and nothing is read any more.
 */
export class LinkPreview {
  readonly #read: ReadInterfaces;
  readonly #onChange: () => void;
  readonly #onFault: (error: unknown) => void;
  #links: readonly PreviewLink[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isRunning = false;

  constructor(read: ReadInterfaces, onChange: () => void, onFault: (error: unknown) => void) {
    this.#read = read;
    this.#onChange = onChange;
    this.#onFault = onFault;
  }

  /** What was seen last; empty while not running. */
  get links(): readonly PreviewLink[] {
    return this.#links;
  }

  /** Begins or ends watching. */
  set(isWanted: boolean): void {
    if (isWanted === this.#isRunning) return;
    this.#isRunning = isWanted;
    if (isWanted) {
      void this.#look();
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#links = [];
  }

  async #look(): Promise<void> {
    try {
      const links = previewLinks(await this.#read());
      if (this.#isRunning && JSON.stringify(links) !== JSON.stringify(this.#links)) {
        this.#links = links;
        this.#onChange();
      }
    } catch (error) {
      this.#onFault(error);
    }
    if (this.#isRunning) this.#timer = setTimeout(() => void this.#look(), READ_EVERY_MS);
  }
}

/** The interfaces that could become links, sorted by name. */
export function previewLinks(interfaces: readonly InterfaceFacts[]): readonly PreviewLink[] {
  return interfaces
    .filter(
      ({ virtual, internal, iface }) => !virtual && !internal && !/^(bowline|docker|veth|br-)/.test(iface),
    )
    .map((facts) => ({
      name: facts.iface,
      kind: kindOf(facts),
      isUp: facts.operstate === 'up' && (facts.ip4 !== '' || facts.ip6 !== ''),
    }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

function kindOf({ iface, type }: InterfaceFacts): LinkKind {
  if (type === 'wireless') return 'wifi';
  if (/^(wwan|ww)/.test(iface)) return 'cellular';
  // Names after the MAC address are what USB adapters get.
  if (/^(usb|enx)/.test(iface)) return 'usb';
  return type === 'wired' ? 'ethernet' : 'other';
}
