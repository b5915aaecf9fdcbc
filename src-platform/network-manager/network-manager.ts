import type { BusValue } from '../dbus/message.ts';
import type { BusConnection } from '../dbus/system-bus.ts';
import type { WatchedService } from '../dbus/bus-services.ts';

/** NetworkManager's name on the message bus. */
export const NETWORK_MANAGER = 'org.freedesktop.NetworkManager';
const MANAGER_PATH = '/org/freedesktop/NetworkManager';

/** What NetworkManager knows and we use; nothing of it is ever changed. */
export interface NetworkManagerFacts {
  /** Whether the data of a link costs money, by name; links of which it does not know are left out. */
  readonly metered: ReadonlyMap<string, boolean>;
  /** Where it asks whether the internet is there; null if it does not. */
  readonly checkUri: string | null;
}

export const NO_FACTS: NetworkManagerFacts = { metered: new Map(), checkUri: null };

/** Values of `NMMetered`; the rest says that nothing is known. */
const METERED: Readonly<Record<number, boolean>> = { 1: true, 2: false, 3: true, 4: false };

/** Reads what NetworkManager knows of the links, and again whenever something changes there. */
export class NetworkManagerWatch {
  facts: NetworkManagerFacts = NO_FACTS;
  private readonly onChange: () => void;
  private bus: Pick<BusConnection, 'call'> | null = null;
  private readTimer: NodeJS.Timeout | null = null;

  constructor(onChange: () => void) {
    this.onChange = onChange;
  }

  /** To be watched. */
  get service(): WatchedService {
    return {
      name: NETWORK_MANAGER,
      onUp: (bus) => {
        this.bus = bus;
        void this.read();
      },
      onDown: () => {
        this.bus = null;
        this.become(NO_FACTS);
      },
      onSignal: ({ member }) => {
        if (member !== null && NEWS.has(member))
          this.readTimer ??= setTimeout(() => void this.read(), QUIET_MS);
      },
    };
  }

  close(): void {
    if (this.readTimer !== null) clearTimeout(this.readTimer);
    this.bus = null;
  }

  private async read(): Promise<void> {
    this.readTimer = null;
    const { bus } = this;
    if (bus === null) return;
    try {
      const isEnabled = (await get(bus, MANAGER_PATH, NETWORK_MANAGER, 'ConnectivityCheckEnabled')) === true;
      const uri = await get(bus, MANAGER_PATH, NETWORK_MANAGER, 'ConnectivityCheckUri');
      const paths = await get(bus, MANAGER_PATH, NETWORK_MANAGER, 'Devices');
      const metered = new Map<string, boolean>();
      for (const path of Array.isArray(paths) ? (paths as readonly string[]) : []) {
        const name = await get(bus, path, `${NETWORK_MANAGER}.Device`, 'Interface');
        const value = METERED[Number(await get(bus, path, `${NETWORK_MANAGER}.Device`, 'Metered'))];
        if (typeof name === 'string' && value !== undefined) metered.set(name, value);
      }
      const checkUri = isEnabled && typeof uri === 'string' && uri !== '' ? uri : null;
      if (bus === this.bus) this.become({ metered, checkUri });
    } catch {
      // A device may go while it is asked about; its end is announced, which leads to the next look.
    }
  }

  private become(facts: NetworkManagerFacts): void {
    const text = ({ metered, checkUri }: NetworkManagerFacts): string =>
      JSON.stringify([...metered, checkUri]);
    if (text(facts) === text(this.facts)) return;
    this.facts = facts;
    this.onChange();
  }
}

async function get(
  bus: Pick<BusConnection, 'call'>,
  path: string,
  owner: string,
  property: string,
): Promise<BusValue | undefined> {
  const [variant] = await bus.call({
    destination: NETWORK_MANAGER,
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [owner, property],
  });
  return (variant as { readonly value: BusValue } | undefined)?.value;
}

const NEWS = new Set(['PropertiesChanged', 'DeviceAdded', 'DeviceRemoved', 'StateChanged']);
/** One change of a link comes as a dozen signals within some ten milliseconds. */
const QUIET_MS = 200;
