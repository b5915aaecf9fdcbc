import type { Bridge, BridgeListener, BridgeMethod } from '../../src-shared/bridge/bridge.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { FakeApps } from '../support/fake-apps.ts';

type Answer = (params: unknown) => Promise<Result<unknown, ControlError>> | Result<unknown, ControlError>;

/** A bridge without a daemon: the test says what it answers and what it tells. */
export class FakeBridge implements Bridge {
  readonly calls: { readonly method: string; readonly params: unknown }[] = [];
  readonly apps = new FakeApps();
  readonly answers: Partial<Record<BridgeMethod, Answer>> = {
    ...(this.apps.handlers(() => undefined) as Partial<Record<BridgeMethod, Answer>>),
    'timeline.list': () => ok({ entries: [], truncated: false }),
  };
  readonly shell: Bridge['shell'];
  #listener: BridgeListener<DaemonStatus> | null = null;

  constructor(shell: Partial<Bridge['shell']> = {}) {
    this.shell = {
      kind: 'browser',
      version: '0.1.0',
      preferences: { language: 'en', startsAtLogin: null },
      setPreferences: (change) => Promise.resolve(ok({ language: 'en', startsAtLogin: null, ...change })),
      fixService: null,
      readLinkMedia: null,
      cables: null,
      ...shell,
    };
  }

  readonly call: Bridge['call'] = async (method, params) => {
    this.calls.push({ method, params });
    const answer = this.answers[method];
    // The test's answers have the shape of the method that it names.
    if (answer !== undefined) return (await answer(params)) as never;
    return method.includes('set') || method.includes('Set')
      ? (ok({}) as never)
      : err(controlError('UNKNOWN_METHOD', `unknown method ${method}`));
  };

  readonly subscribe: Bridge['subscribe'] = (_event, listener) => {
    this.#listener = listener as BridgeListener<DaemonStatus>;
    return () => {
      this.#listener = null;
    };
  };

  tell(status: DaemonStatus): void {
    this.#listener?.onEvent(status);
  }

  lose(error: ControlError): void {
    this.#listener?.onUnreachable(error);
  }
}
