import type { Announcement } from '../../src-shared/model/found-box.ts';
import type { BusMessage } from '../dbus/message.ts';
import { BUS_NAME, connectBus, type BusConnection, type BusListener } from '../dbus/system-bus.ts';
import { AVAHI, AvahiPublisher, type AvahiState } from './avahi-publisher.ts';
import {
  BoxResponder,
  type AnnouncedLink,
  type ResponderOptions,
  type ResponderState,
} from './box-responder.ts';
import { announcedName, type BoxService } from './service.ts';

/*
 * Announces a box: through Avahi where it runs, since two responders on one machine disturb each other; by the box's
 * own responder otherwise. Avahi may come and go at any time, and refuse: then the other one takes over.
 */

/** A bus that is not there may come up later: a minute matters to nobody, since the responder works meanwhile. */
const BUS_RETRY_MS = 60_000;

export interface BoxAnnouncerOptions {
  readonly service: BoxService;
  readonly links: readonly AnnouncedLink[];
  /** Called with each change of {@link BoxAnnouncer.announcement}. */
  readonly onChange: (announcement: Announcement) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** For tests. */
  readonly connectBus?: (listener: BusListener) => Promise<BusConnection>;
  readonly openResponder?: (options: ResponderOptions) => Pick<BoxResponder, 'state' | 'setLinks' | 'stop'>;
}

/** Announces one box until it is stopped. */
export class BoxAnnouncer {
  private readonly options: BoxAnnouncerOptions;
  private links: readonly AnnouncedLink[];
  private bus: BusConnection | null = null;
  private avahi: AvahiPublisher | null = null;
  private avahiState: AvahiState | null = null;
  private responder: Pick<BoxResponder, 'state' | 'setLinks' | 'stop'> | null = null;
  private retry: NodeJS.Timeout | null = null;
  /** Changes of the one who speaks, one after the other, so that never both do. */
  private work: Promise<void> = Promise.resolve();
  private isStopped = false;
  private told = '';

  constructor(options: BoxAnnouncerOptions) {
    this.options = options;
    this.links = options.links;
    void this.seekBus();
  }

  /** How things stand. */
  get announcement(): Announcement {
    const base = {
      state: 'starting',
      by: null,
      name: announcedName(this.options.service, 0),
      interfaces: this.links.map(({ name }) => name),
      problem: null,
    } as const;
    if (this.links.length === 0) return { ...base, state: 'failed', problem: NO_INTERFACE };
    if (this.avahiState !== null) {
      const { state, name, cause } = this.avahiState;
      const problem = cause === null ? null : `Avahi: ${cause}; see its log`;
      return { ...base, by: 'avahi', state, name, problem };
    }
    return this.responder === null ? base : { ...base, ...byResponder(this.responder.state) };
  }

  /** Announces on these interfaces from here on. */
  setLinks(links: readonly AnnouncedLink[]): void {
    this.links = links;
    this.responder?.setLinks(links);
    this.avahi?.setInterfaces(links.map(({ ifindex }) => ifindex));
    this.tell();
  }

  /** Says goodbye and ends. */
  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
    // The end of the connection takes back what Avahi announces, however busy the bus is.
    this.bus?.close();
    await this.work;
    await this.silence();
  }

  private async seekBus(): Promise<void> {
    const connect = this.options.connectBus ?? connectBus;
    try {
      const bus = await connect({
        onSignal: (signal) => this.onSignal(signal),
        onEnd: () => this.onBusGone(),
      });
      if (this.isStopped) return bus.close();
      this.bus = bus;
      await bus.addMatch(`type='signal',sender='${BUS_NAME}',member='NameOwnerChanged',arg0='${AVAHI}'`);
      await bus.addMatch(`type='signal',sender='${AVAHI}'`);
      // Only asked, never started: whether Avahi runs is for the machine's owner to say.
      if (await bus.hasOwner(AVAHI)) this.change(() => this.useAvahi(bus));
      else this.change(() => this.useResponder());
    } catch {
      // Many boxes have no message bus at all, so this is no fault.
      this.onBusGone();
    }
  }

  private onBusGone(): void {
    this.bus?.close();
    this.bus = null;
    if (this.isStopped) return;
    this.change(() => this.useResponder());
    this.retry = setTimeout(() => void this.seekBus(), BUS_RETRY_MS);
  }

  private onSignal(signal: BusMessage): void {
    const { bus } = this;
    if (signal.sender === BUS_NAME && signal.member === 'NameOwnerChanged') {
      if (signal.body[0] !== AVAHI || bus === null) return;
      const isThere = signal.body[2] !== '';
      this.change(async () => {
        // A restarted Avahi knows nothing of what it announced before.
        await this.silence();
        await (isThere ? this.useAvahi(bus) : this.useResponder());
      });
      return;
    }
    this.avahi?.onSignal(signal);
  }

  private async useAvahi(bus: BusConnection): Promise<void> {
    if (this.avahi !== null) return;
    await this.silence();
    const avahi = new AvahiPublisher({
      bus,
      service: this.options.service,
      interfaces: this.links.map(({ ifindex }) => ifindex),
      onChange: (state) => {
        if (avahi !== this.avahi) return;
        this.avahiState = state;
        this.tell();
        // An Avahi that must not publish for others, or cannot, leaves it to us.
        if (state.state === 'failed') this.change(() => this.useResponder());
      },
    });
    this.avahi = avahi;
    this.avahiState = { state: 'starting', name: announcedName(this.options.service, 0), cause: null };
    this.tell();
  }

  private async useResponder(): Promise<void> {
    if (this.responder !== null) return;
    await this.silence();
    const { openResponder = (options) => new BoxResponder(options), service, random } = this.options;
    this.responder = openResponder({ service, links: this.links, random, onChange: () => this.tell() });
    this.tell();
  }

  private async silence(): Promise<void> {
    const { avahi, responder } = this;
    this.avahi = null;
    this.avahiState = null;
    this.responder = null;
    await avahi?.stop();
    await responder?.stop();
  }

  private change(act: () => Promise<void>): void {
    this.work = this.work.then(() => (this.isStopped ? undefined : act()));
  }

  private tell(): void {
    const { announcement } = this;
    const text = JSON.stringify(announcement);
    if (text === this.told || this.isStopped) return;
    this.told = text;
    this.options.onChange(announcement);
  }
}

const NO_INTERFACE =
  'no interface leads to a local network: connect one, or give laptops the address of this box by hand';

function byResponder({ state, name, problem }: ResponderState): Partial<Announcement> {
  if (state === 'taken') {
    const taken =
      'another machine claims every name of this box; find out which one, by its answers on UDP port 5353';
    return { by: 'bowline', name, state: 'failed', problem: taken };
  }
  if (problem === null || state === 'announced') return { by: 'bowline', name, state };
  const advice =
    problem.kind === 'port-taken'
      ? 'another program has UDP port 5353 to itself: stop it, or let it share the port'
      : 'see that the interface has an address, or give laptops the address of this box by hand';
  return { by: 'bowline', name, state: 'failed', problem: `${problem.detail}; ${advice}` };
}
