import type { Bridge, Preferences } from '../../src-shared/bridge/bridge.ts';
import type { Cable, CableCondition } from '../../src-shared/bridge/home-cables.ts';
import type { ControlError } from '../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { LanAccess, LinkPriority, MeteredChoice } from '../../src-shared/model/link.ts';
import type { Ipv6Access, Mode, Status } from '../../src-shared/model/status.ts';
import type { Result } from '../../src-shared/util/result.ts';
import { unreachableStatus } from '../../src-shared/view/unreachable-status.ts';
import { disconnectionOf, type Disconnection } from '../bridge/disconnection.ts';
import { AppIcons } from './app-icons.ts';
import { History } from './history.ts';
import { intentCount, NO_INTENTS, unconfirmed, type Intents } from './intents.ts';
import { isMeasuredAnew } from './measured-anew.ts';
import { createStore, type Store } from './store.ts';

/** A person starts to doubt the click at about this time; the daemon answers within a tenth of it. */
export const CONFIRM_TIMEOUT_MS = 3_000;

/** Matches the daemon's measuring. Drawing each of its four statuses a second would take four times as much of a core. */
const SAMPLE_MS = 1_000;

/** Something that went wrong and that the user should read. */
export type Notice =
  { readonly kind: 'not-confirmed' } | { readonly kind: 'failed'; readonly error: ControlError };

/** Everything the window shows that is not measured every second. */
export interface WindowState {
  /** Null until the daemon, or its absence, was heard of. */
  readonly status: Status | null;
  /** Grows with each entry of the daemon's timeline; null if it keeps none. */
  readonly timelineLength: number | null;
  /** Why the page itself has lost the program behind it. */
  readonly disconnection: Disconnection | null;
  /** The service's version where it differs from the window's. */
  readonly otherVersion: string | null;
  readonly intents: Intents;
  readonly notice: Notice | null;
  readonly preferences: Preferences;
  /** The cables of the virtual home; null in a real one. */
  readonly cables: readonly Cable[] | null;
}

/** What the window knows and does. One for each window, from its opening to its end. */
export class WindowModel {
  readonly bridge: Bridge;
  readonly store: Store<WindowState>;
  readonly history = new History();
  readonly appIcons: AppIcons;
  readonly #now: () => number;
  readonly #page: { readonly hidden: boolean };
  /** What the daemon said last; its measures are shown with the next sample. */
  #heard: DaemonStatus | null = null;
  #confirmTimer: ReturnType<typeof setTimeout> | null = null;

  /** @param page tells whether anybody sees the window; measures are kept, and not shown, while nobody does */
  constructor(bridge: Bridge, now: () => number, page: { readonly hidden: boolean } = { hidden: false }) {
    this.bridge = bridge;
    this.appIcons = new AppIcons(bridge);
    this.#now = now;
    this.#page = page;
    this.store = createStore<WindowState>({
      status: null,
      timelineLength: null,
      disconnection: null,
      otherVersion: null,
      intents: NO_INTENTS,
      notice: null,
      preferences: bridge.shell.preferences,
      cables: null,
    });
  }

  /** The wall clock, in milliseconds since 1970. */
  now(): number {
    return this.#now();
  }

  /** Follows the daemon until what is handed back is called. */
  start(): () => void {
    const stop = this.bridge.subscribe('status.changed', {
      onEvent: (status) => this.#onStatus(status),
      onUnreachable: (error) => this.#onUnreachable(error),
    });
    const stopCables = this.bridge.shell.cables?.follow((cables) => this.store.set({ cables }));
    const sampling = setInterval(() => this.#sample(), SAMPLE_MS);
    return () => {
      stop();
      stopCables?.();
      clearInterval(sampling);
      if (this.#confirmTimer !== null) clearTimeout(this.#confirmTimer);
    };
  }

  /** Shows the latest measures. To be called too when the page is seen again. */
  showMeasures(): void {
    if (this.#heard !== null && this.#heard !== this.store.get().status) this.#show(this.#heard);
    this.history.tell();
  }

  setWanted(wanted: boolean): void {
    this.#intend({ wanted }, this.bridge.call('connection.setWanted', { wanted }));
  }

  setMode(mode: Mode): void {
    this.#intend({ mode }, this.bridge.call('mode.set', { mode }));
  }

  setPriority(name: string, priority: LinkPriority): void {
    const priorities = { ...this.store.get().intents.priorities, [name]: priority };
    this.#intend({ priorities }, this.bridge.call('link.setPriority', { name, priority }));
  }

  setMetered(name: string, choice: MeteredChoice): void {
    const metered = { ...this.store.get().intents.metered, [name]: choice };
    this.#intend({ metered }, this.bridge.call('link.setMetered', { name, metered: choice }));
  }

  setLan(lan: LanAccess): void {
    this.#intend({ lan }, this.bridge.call('lan.set', { access: lan }));
  }

  setIpv6(ipv6: Ipv6Access): void {
    this.#intend({ ipv6 }, this.bridge.call('ipv6.set', { access: ipv6 }));
  }

  setCable(link: string, condition: CableCondition): void {
    this.bridge.shell.cables?.set(link, condition);
  }

  async setPreferences(change: Partial<Preferences>): Promise<void> {
    const answer = await this.bridge.shell.setPreferences(change);
    if (answer.ok) this.store.set({ preferences: answer.value });
    else if (!answer.error.isCancelled) this.tell({ code: 'INTERNAL', message: answer.error.message });
  }

  /** Shows a failure until it is dismissed or something else is asked for. */
  tell(error: ControlError): void {
    this.store.set({ notice: { kind: 'failed', error } });
  }

  dismissNotice(): void {
    this.store.set({ notice: null });
  }

  /** Shows what the user wants at once, and goes back to what the daemon says if it does not follow. */
  #intend(change: Partial<Intents>, answer: Promise<Result<unknown, ControlError>>): void {
    this.store.set({ intents: { ...this.store.get().intents, ...change }, notice: null });
    if (this.#confirmTimer !== null) clearTimeout(this.#confirmTimer);
    this.#confirmTimer = setTimeout(() => {
      if (this.store.get().intents !== NO_INTENTS) this.#drop({ kind: 'not-confirmed' });
    }, CONFIRM_TIMEOUT_MS);
    void answer.then((outcome) => {
      if (!outcome.ok) this.#drop({ kind: 'failed', error: outcome.error });
    });
  }

  #drop(notice: Notice): void {
    this.store.set({ intents: NO_INTENTS, notice });
  }

  #onStatus(status: DaemonStatus): void {
    this.#heard = status;
    const { status: shown, intents } = this.store.get();
    const isNews = shown === null || shown.state === 'unreachable' || !isMeasuredAnew(shown, status);
    if (isNews || intents !== NO_INTENTS) this.#show(status);
  }

  #show(status: DaemonStatus): void {
    const left = unconfirmed(this.store.get().intents, status);
    this.store.set({
      status,
      timelineLength: status.timelineLength ?? null,
      disconnection: null,
      otherVersion: null,
      intents: intentCount(left) === 0 ? NO_INTENTS : left,
    });
  }

  #onUnreachable(error: ControlError): void {
    this.#heard = null;
    const other = error.data?.['program'];
    this.store.set({
      status: unreachableStatus(error) ?? { state: 'unreachable', internet: 'direct', reason: 'stopped' },
      disconnection: disconnectionOf(error),
      otherVersion: typeof other === 'string' ? other : null,
      intents: NO_INTENTS,
    });
  }

  #sample(): void {
    if (this.store.get().status === null) return;
    this.history.record(this.#now() / 1000, this.#heard?.links ?? []);
    if (!this.#page.hidden) this.showMeasures();
  }
}
