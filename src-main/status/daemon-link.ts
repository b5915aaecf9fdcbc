import { ControlClient } from '../../src-control/index.ts';
import type { ControlError } from '../../src-shared/control/error.ts';
import { daemonContract, type DaemonContract } from '../../src-shared/control/contract.ts';
import type { Status, UnreachableStatus } from '../../src-shared/model/status.ts';
import { unreachableStatus } from '../../src-shared/view/unreachable-status.ts';

/** Where the daemon is, and how to tell apart one that is stopped and one that is not there. */
export interface DaemonLinkOptions {
  readonly socketPath: string;
  readonly programVersion: string;
  /** True if the service is installed, whether it runs or not. */
  readonly isServiceInstalled: () => boolean;
}

const NOBODY_THERE: UnreachableStatus = { state: 'unreachable', internet: 'direct', reason: 'stopped' };

/** The app's connection to the daemon: the last snapshot, over any number of daemon restarts. */
export class DaemonLink {
  /** For the window's calls and subscriptions. */
  readonly client: ControlClient<DaemonContract>;
  readonly #options: DaemonLinkOptions;
  readonly #listeners = new Set<(status: Status) => void>();
  #status: Status | null = null;

  constructor(options: DaemonLinkOptions) {
    this.#options = options;
    const { socketPath, programVersion } = options;
    this.client = new ControlClient({ contract: daemonContract, socketPath, programVersion });
  }

  /** The last snapshot, or why there is none; null until either is known. */
  get status(): Status | null {
    return this.#status;
  }

  /** Tells every later status. */
  onStatus(listener: (status: Status) => void): void {
    this.#listeners.add(listener);
  }

  /** Begins to follow the daemon. */
  start(): void {
    this.client.subscribe('status.changed', {
      onEvent: (status) => this.#set(status),
      onUnreachable: (error) => this.#set(this.#statusFor(error)),
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#listeners.clear();
    this.client.close();
  }

  /** Files know better than a missing socket whether the service is installed. */
  #statusFor(error: ControlError): Status {
    const status = unreachableStatus(error) ?? NOBODY_THERE;
    if (status.reason !== 'not-installed' && status.reason !== 'stopped') return status;
    return { ...status, reason: this.#options.isServiceInstalled() ? 'stopped' : 'not-installed' };
  }

  #set(status: Status): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }
}
