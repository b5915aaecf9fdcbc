import type { Wording } from '../../src-shared/i18n/wording.ts';
import type { Status } from '../../src-shared/model/status.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import type { AppNotification, ElectronApi } from '../electron-api.ts';
import {
  decideNotifications,
  initialNotificationState,
  type NotificationEffect,
  type NotificationState,
} from './policy.ts';

/** What the notifier needs from around it. */
export interface NotifierOptions {
  readonly now: () => WallClockMs;
  readonly wording: () => Wording;
  readonly isWindowVisible: () => boolean;
  readonly onClick: () => void;
  readonly wasProtectionTold: boolean;
  /** Called once, when the first protection was told. */
  readonly onProtectionTold: () => void;
}

/** Shows and withdraws notifications as the policy says. */
export class Notifier {
  readonly #electron: ElectronApi;
  readonly #options: NotifierOptions;
  readonly #shown = new Map<string, AppNotification>();
  #state: NotificationState;
  #status: Status | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(electron: ElectronApi, options: NotifierOptions) {
    this.#electron = electron;
    this.#options = options;
    this.#state = initialNotificationState(options.wasProtectionTold);
  }

  /** Takes note of a status. */
  update(status: Status): void {
    this.#status = status;
    this.reconsider();
  }

  /** Decides again, because the window was shown or hidden or time has passed. */
  reconsider(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#status === null) return;
    const now = this.#options.now();
    const isWindowVisible = this.#options.isWindowVisible();
    const wasTold = this.#state.wasProtectionTold;
    const wording = this.#options.wording();
    const decision = decideNotifications(this.#state, {
      status: this.#status,
      isWindowVisible,
      now,
      wording,
    });
    this.#state = decision.state;
    for (const effect of decision.effects) this.#apply(effect);
    if (!wasTold && decision.state.wasProtectionTold) this.#options.onProtectionTold();
    if (decision.nextAt === null) return;
    this.#timer = setTimeout(() => this.reconsider(), Math.max(0, decision.nextAt - now));
  }

  /** Shows something that no status tells; withdrawn by nothing but a click. */
  tell(title: string, body: string): void {
    this.#show('told', title, body);
  }

  /** Withdraws everything. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const key of [...this.#shown.keys()]) this.#withdraw(key);
  }

  #apply(effect: NotificationEffect): void {
    switch (effect.kind) {
      case 'show':
        this.#show(effect.notification.key, effect.notification.title, effect.notification.body);
        break;
      case 'withdraw':
        this.#withdraw(effect.key);
        break;
    }
  }

  #show(key: string, title: string, body: string): void {
    const { app, Notification } = this.#electron;
    if (!app.isReady()) {
      // Electron has no notifications yet, and throws; what happens this early is told as soon as it can be.
      void app.whenReady().then(() => this.#show(key, title, body));
      return;
    }
    this.#withdraw(key);
    if (!Notification.isSupported()) return;
    const notification = new Notification({ title, body, silent: true });
    notification.on('click', () => this.#options.onClick());
    notification.show();
    this.#shown.set(key, notification);
  }

  #withdraw(key: string): void {
    this.#shown.get(key)?.close();
    this.#shown.delete(key);
  }
}
