import { readlinkSync } from 'node:fs';
import type { BusMessage } from './message.ts';
import { BUS_NAME, connectBus, type BusConnection, type BusListener } from './system-bus.ts';

/** One service of the system and what is to happen while it runs. */
export interface WatchedService {
  /** Its name on the bus, such as `org.freedesktop.resolve1`. */
  readonly name: string;
  /** The service runs: at the first look, or because it was started, or started again. */
  readonly onUp: (bus: BusConnection) => void;
  /** It runs no longer, or the bus is gone. Not called for a service that never ran. */
  readonly onDown: () => void;
  readonly onSignal: (signal: BusMessage) => void;
}

export interface BusServicesOptions {
  readonly services: readonly WatchedService[];
  /** Default: the bus of this machine, unless its services look after other networks than ours. */
  readonly connect?: (listener: BusListener) => Promise<BusConnection>;
}

/**
 * Watches services of the message bus over one connection, and connects again when that ends. Services are only
 * watched, never started: whether they run is for the machine's owner to say. No bus at all is no fault.
 */
export class BusServices {
  private readonly options: BusServicesOptions;
  /** Owners by service, as the bus numbers its connections. */
  private readonly owners = new Map<string, string>();
  private bus: BusConnection | null = null;
  private retry: NodeJS.Timeout | null = null;
  private isClosed = false;

  constructor(options: BusServicesOptions) {
    this.options = options;
    void this.seek();
  }

  /** Ends the connection; services are not told about any more. */
  close(): void {
    this.isClosed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    this.bus?.close();
    this.bus = null;
  }

  private async seek(): Promise<void> {
    const connect = this.options.connect ?? connectOwnBus;
    try {
      const bus = await connect({
        onSignal: (signal) => this.onSignal(signal),
        onEnd: () => this.onEnd(),
      });
      if (this.isClosed) return bus.close();
      this.bus = bus;
      for (const { name } of this.options.services) {
        await bus.addMatch(`type='signal',sender='${BUS_NAME}',member='NameOwnerChanged',arg0='${name}'`);
        await bus.addMatch(`type='signal',sender='${name}'`);
        const owner = await bus.ownerOf(name);
        if (owner !== null) this.noteOwner(name, owner);
      }
    } catch {
      // A laptop without a message bus has none of the services either.
      this.onEnd();
    }
  }

  private onEnd(): void {
    this.bus?.close();
    this.bus = null;
    if (this.isClosed) return;
    for (const { name } of this.options.services) this.noteOwner(name, '');
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.seek(), RETRY_MS);
  }

  private onSignal(signal: BusMessage): void {
    if (this.isClosed) return;
    if (signal.sender === BUS_NAME) {
      const [name, , owner] = signal.body;
      if (signal.member === 'NameOwnerChanged') this.noteOwner(name as string, owner as string);
      return;
    }
    // Signals bear the number of the connection that they came from.
    for (const service of this.options.services) {
      if (signal.sender !== null && this.owners.get(service.name) === signal.sender) service.onSignal(signal);
    }
  }

  private noteOwner(name: string, owner: string): void {
    const service = this.options.services.find((candidate) => candidate.name === name);
    const before = this.owners.get(name) ?? '';
    if (service === undefined || owner === before) return;
    if (owner === '') this.owners.delete(name);
    else this.owners.set(name, owner);
    if (before !== '') service.onDown();
    if (owner !== '' && this.bus !== null) service.onUp(this.bus);
  }
}

/**
 * In a network namespace of its own, a daemon still sees the message bus of the machine, whose services number other
 * interfaces. They must not be told about ours, so the bus has to be named by the environment there.
 */
function connectOwnBus(listener: BusListener): Promise<BusConnection> {
  if (process.env['DBUS_SYSTEM_BUS_ADDRESS'] === undefined && isNamespaceOfOwn()) {
    return Promise.reject(new Error("the machine's message bus is about another network namespace"));
  }
  return connectBus(listener);
}

function isNamespaceOfOwn(): boolean {
  try {
    return readlinkSync('/proc/1/ns/net') !== readlinkSync('/proc/self/ns/net');
  } catch {
    // Only root may look. A service that the machine's manager started as another user is where the machine is.
    return false;
  }
}

/** A bus that restarts is back within seconds; where there is none, a look that often costs nothing. */
const RETRY_MS = 10_000;
