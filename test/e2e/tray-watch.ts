import { ControlClient } from '../../src-control/index.ts';
import {
  decideNotifications,
  initialNotificationState,
  type NotificationState,
} from '../../src-main/notifications/policy.ts';
import { trayView } from '../../src-main/tray/tray-menu.ts';
import { trayShape, type TrayShape } from '../../src-main/tray/tray-shape.ts';
import { daemonContract, type DaemonContract } from '../../src-shared/control/contract.ts';
import { desktopWordingOf } from '../../src-shared/i18n/desktop-texts.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';

/** The tray and the notifications that the app would show over a daemon, without a desktop. Dispose ends it. */
export class TrayWatch implements AsyncDisposable {
  /** What the app would tell as trouble if it lasted, with each status that says so. */
  readonly concerns: string[] = [];
  readonly #client: ControlClient<DaemonContract>;
  #state: NotificationState = initialNotificationState(true);
  #latest: { readonly shape: TrayShape; readonly headline: string } | null = null;

  constructor(socketPath: string) {
    this.#client = new ControlClient({ contract: daemonContract, socketPath, programVersion: '0.1.0' });
    this.#client.subscribe('status.changed', {
      onEvent: (status) => this.#onStatus(status),
      onUnreachable: () => undefined,
    });
  }

  /** The icon and the first row of the menu; null before the first status. */
  get latest(): { readonly shape: TrayShape; readonly headline: string } | null {
    return this.#latest;
  }

  #onStatus(status: DaemonStatus): void {
    const wording = desktopWordingOf('en');
    const now = Date.now();
    const { tooltip } = trayView({ status, pausedUntil: null, preview: [], now, wording });
    this.#latest = { shape: trayShape(status), headline: tooltip };
    const decision = decideNotifications(this.#state, { status, isWindowVisible: true, now, wording });
    this.#state = decision.state;
    if (decision.state.concern !== null) this.concerns.push(tooltip);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }
}
