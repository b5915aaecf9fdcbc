import type { BusMessage } from '../dbus/message.ts';
import { BusCallError, type BusCall, type BusConnection } from '../dbus/system-bus.ts';
import { announcedName, instanceLabel, SERVICE_TYPE, textStrings, type BoxService } from './service.ts';

/** Avahi's name on the message bus. */
export const AVAHI = 'org.freedesktop.Avahi';

/** Where the announcement through Avahi stands. */
export interface AvahiState {
  readonly state: 'starting' | 'announced' | 'failed';
  readonly name: string;
  /** Of a failure: the cause. */
  readonly cause: string | null;
}

export interface AvahiPublisherOptions {
  readonly bus: Pick<BusConnection, 'call'>;
  readonly service: BoxService;
  /** Interfaces to announce on, by index. */
  readonly interfaces: readonly number[];
  readonly onChange: (state: AvahiState) => void;
}

const SERVER: Pick<BusCall, 'destination' | 'path' | 'interface'> = {
  destination: AVAHI,
  path: '/',
  interface: `${AVAHI}.Server`,
};
const GROUP_INTERFACE = `${AVAHI}.EntryGroup`;
const ANY_PROTOCOL = -1;

/** Values of `AvahiServerState`: while it is not running, it checks its own host name. */
const SERVER_RUNNING = 2;
/** Values of `AvahiEntryGroupState`. */
const GROUP_ESTABLISHED = 2;
const GROUP_COLLISION = 3;
const GROUP_FAILURE = 4;

/** With all five groups of the fingerprint in the name, a conflict is no accident. */
const MAX_CONFLICTS = 5;

/**
 * Announces a box through Avahi's interface on the message bus. Avahi removes what was announced when the connection
 * to the bus ends, so nothing is left behind by a process that dies.
 */
export class AvahiPublisher {
  private readonly options: AvahiPublisherOptions;
  private interfaces: readonly number[];
  private group: string | null = null;
  private conflicts = 0;
  private work: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(options: AvahiPublisherOptions) {
    this.options = options;
    this.interfaces = options.interfaces;
    this.enqueue(() => this.register());
  }

  /** Announces on other interfaces. */
  setInterfaces(interfaces: readonly number[]): void {
    if (interfaces.join() === this.interfaces.join()) return;
    this.interfaces = interfaces;
    this.enqueue(() => this.register());
  }

  /** To be called with every signal of Avahi. */
  onSignal({ path, interface: face, member, body }: BusMessage): void {
    if (this.isStopped || member !== 'StateChanged') return;
    const state = body[0];
    if (face === SERVER.interface && state === SERVER_RUNNING) this.enqueue(() => this.register());
    if (face !== GROUP_INTERFACE || path !== this.group) return;
    if (state === GROUP_ESTABLISHED) this.report('announced');
    if (state === GROUP_COLLISION) this.rename();
    if (state === GROUP_FAILURE)
      this.report('failed', typeof body[1] === 'string' ? body[1] : 'Avahi gave no reason');
  }

  /** Takes the announcement back; Avahi says goodbye. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    await this.work;
    // An Avahi that is gone has nothing to take back.
    if (this.group !== null) await this.callGroup('Free').catch(() => undefined);
  }

  private async register(): Promise<void> {
    const { bus, service } = this.options;
    if ((await bus.call({ ...SERVER, member: 'GetState' }))[0] !== SERVER_RUNNING) return;
    if (this.group === null) {
      const [group] = await bus.call({ ...SERVER, member: 'EntryGroupNew' });
      if (typeof group !== 'string') throw new Error('Avahi made no group');
      this.group = group;
    } else await this.callGroup('Reset');
    if (this.interfaces.length === 0) return;
    this.report('starting');
    const text = textStrings(service, this.name).map((entry) => [...Buffer.from(entry)]);
    for (const ifindex of this.interfaces) {
      const label = instanceLabel(this.name);
      const place = [ifindex, ANY_PROTOCOL, 0, label, SERVICE_TYPE, '', '', service.port, text] as const;
      await this.callGroup('AddService', 'iiussssqaay', place);
    }
    await this.callGroup('Commit');
  }

  private rename(): void {
    this.conflicts++;
    if (this.conflicts <= MAX_CONFLICTS) this.enqueue(() => this.register());
    else this.report('failed', 'every name is taken');
  }

  private get name(): string {
    return announcedName(this.options.service, this.conflicts);
  }

  private callGroup(member: string, signature = '', body: BusCall['body'] = []): Promise<unknown> {
    const place = { destination: AVAHI, path: this.group ?? '/', interface: GROUP_INTERFACE };
    return this.options.bus.call({ ...place, member, signature, body });
  }

  /** One registration after the other. */
  private enqueue(register: () => Promise<void>): void {
    this.work = this.work
      .then(() => (this.isStopped ? undefined : register()))
      .catch((error: unknown) => {
        if (error instanceof BusCallError && error.errorName === `${AVAHI}.CollisionError`) this.rename();
        else this.report('failed', (error as Error).message);
      });
  }

  private report(state: AvahiState['state'], cause: string | null = null): void {
    if (!this.isStopped) this.options.onChange({ state, name: this.name, cause });
  }
}
