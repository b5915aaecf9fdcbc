import { createServer, type Server, type Socket } from 'node:net';
import {
  RIGHTS,
  type Caller,
  type Contract,
  type EventName,
  type EventPayload,
  type Handlers,
  type MethodName,
  type MethodSchema,
  type Right,
  type Snapshots,
} from '../src-shared/control/contract.ts';
import type { ResponseOutcome } from '../src-shared/control/envelope.ts';
import { controlError, type ControlError } from '../src-shared/control/error.ts';
import { CONTROL_GROUP } from '../src-shared/model/defaults.ts';
import { includesRight, type ControlAccess } from './access.ts';
import { ConnectionCounts, type Admission } from './connection-counts.ts';
import { NoticeLimit } from './notice-limit.ts';
import {
  ControlSocketError,
  errorCode,
  fileDescriptorOf,
  prepareSocketPath,
  restrictSocket,
  type PeerCredentials,
  type ReadPeerCredentials,
} from './peer.ts';
import { ServerSession, type CutOffReason, type SessionTransport } from './server-session.ts';

/** How long a refused client may take to read the reason. */
const LINGER_MS = 1_000;

/** What a control server needs. */
export interface ControlServerOptions<C extends Contract> {
  readonly contract: C;
  readonly handlers: Handlers<C>;
  readonly snapshots: Snapshots<C>;
  readonly socketPath: string;
  /** Version of this program, told to clients. */
  readonly programVersion: string;
  /** Who may do what; the mode of the socket file has decided before. */
  readonly access: ControlAccess;
  readonly readPeerCredentials: ReadPeerCredentials;
  /** Takes what is worth a log line. */
  readonly onNotice: (notice: ControlNotice) => void;
}

/** Something about the control socket that is worth a log line. */
export type ControlNotice =
  | { readonly kind: 'client-refused'; readonly uid: number | null; readonly pid: number | null }
  | { readonly kind: 'client-cut-off'; readonly reason: CutOffReason }
  | { readonly kind: 'method-refused'; readonly method: string; readonly uid: number }
  | { readonly kind: 'handler-failed'; readonly method: string; readonly error: unknown }
  | { readonly kind: 'invalid-result'; readonly method: string; readonly error: unknown }
  | { readonly kind: 'server-failed'; readonly error: unknown };

/** Answers a contract on a Unix socket. */
export class ControlServer<C extends Contract> {
  readonly #options: ControlServerOptions<C>;
  readonly #server: Server;
  readonly #sessions = new Set<ServerSession>();
  readonly #sockets = new Set<Socket>();
  readonly #counts = new ConnectionCounts();
  readonly #notices = new NoticeLimit();

  private constructor(options: ControlServerOptions<C>) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#onConnection(socket));
  }

  /**
   * Opens the socket with mode 0660, in place of one that a dead process left.
   *
   * @throws ControlSocketError if another process listens there or the path cannot be used
   */
  static async listen<C extends Contract>(options: ControlServerOptions<C>): Promise<ControlServer<C>> {
    const { socketPath } = options;
    try {
      await prepareSocketPath(socketPath);
      const control = new ControlServer(options);
      await control.#listen();
      return control;
    } catch (error) {
      if (error instanceof ControlSocketError) throw error;
      const text = `cannot open the control socket ${socketPath} (${errorCode(error) ?? String(error)})`;
      throw new ControlSocketError('SOCKET_REFUSED', text, { cause: error });
    }
  }

  /**
   * Sends an event to all subscribers.
   *
   * @throws z.ZodError if the payload is not what the contract says: a defect of the caller
   */
  publish<E extends EventName<C>>(event: E, payload: EventPayload<C, E>): void {
    if (this.#sessions.size === 0) return;
    const checked = this.#options.contract.events[event]?.payload.parse(payload);
    for (const session of [...this.#sessions]) session.publish(event, checked);
  }

  /** Stops listening, ends all connections and removes the socket. May be called twice. */
  async close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #listen(): Promise<void> {
    const { socketPath, access, onNotice } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: socketPath }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => onNotice({ kind: 'server-failed', error }));
        resolve();
      });
      // The file exists as soon as listen() returned without an error event; the mode has to be right before the
      // first client can be accepted.
      try {
        restrictSocket(socketPath, access.groupId);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return;
        // This removes the socket, too.
        this.#server.close();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #onConnection(socket: Socket): void {
    // A client that vanishes is ordinary; what follows is `close`.
    socket.on('error', () => undefined);
    const peer = this.#credentialsOf(socket);
    const right = peer === null ? null : this.#options.access.rightOf(peer);
    // Who cannot be named counts as one more user.
    const uid = peer?.uid ?? NO_USER;
    const mayConfigure = right === 'configure';
    const admission = this.#counts.enter(uid, mayConfigure);
    if (admission === 'drop') {
      socket.destroy();
      return;
    }
    if (right === null)
      this.#note({ kind: 'client-refused', uid: peer?.uid ?? null, pid: peer?.pid ?? null });
    const session = new ServerSession(transportOver(socket), {
      contractName: this.#options.contract.name,
      programVersion: this.#options.programVersion,
      refusal: refusalOf(uid, right, admission),
      mayCall: (method) => this.#methodRefusal(method, uid, right),
      handle: (method, params) =>
        this.#handle(method, params, {
          right: right ?? RIGHTS[0],
          pid: peer?.pid ?? null,
          uid: peer?.uid ?? null,
        }),
      eventOf: (method) => this.#eventOf(method),
      snapshot: (event) => this.#snapshot(event),
      onCutOff: (reason) => this.#note({ kind: 'client-cut-off', reason }),
    });
    this.#sockets.add(socket);
    this.#sessions.add(session);
    socket.on('data', (bytes) => session.onData(bytes));
    socket.on('drain', () => session.onDrain());
    socket.once('close', () => {
      session.onClosed();
      this.#sessions.delete(session);
      this.#sockets.delete(socket);
      this.#counts.leave(uid, mayConfigure);
    });
  }

  /** Passes on what a client caused, unless it causes too much of it. */
  #note(notice: ControlNotice): void {
    if (this.#notices.admits(notice.kind, performance.now())) this.#options.onNotice(notice);
  }

  #methodRefusal(method: string, uid: number, held: Right | null): ControlError | null {
    const needed = this.#methodSchema(method)?.right;
    if (needed === undefined || (held !== null && includesRight(held, needed))) return null;
    this.#note({ kind: 'method-refused', method, uid });
    const text = `${method} takes the right to ${needed}, which user ${uid} does not have; use sudo`;
    return controlError('NOT_PERMITTED', text, { method, right: needed });
  }

  #methodSchema(method: string): MethodSchema | undefined {
    const { methods } = this.#options.contract;
    return Object.hasOwn(methods, method) ? methods[method] : undefined;
  }

  #credentialsOf(socket: Socket): PeerCredentials | null {
    const fileDescriptor = fileDescriptorOf(socket);
    if (fileDescriptor === null) return null;
    try {
      return this.#options.readPeerCredentials(fileDescriptor);
    } catch (error) {
      this.#options.onNotice({ kind: 'server-failed', error });
      return null;
    }
  }

  async #handle(method: string, params: unknown, caller: Caller): Promise<ResponseOutcome> {
    const { handlers, onNotice } = this.#options;
    const schema = this.#methodSchema(method);
    if (schema === undefined) {
      return { ok: false, error: controlError('UNKNOWN_METHOD', `unknown method ${method}`) };
    }
    const parsed = schema.params.safeParse(params);
    if (!parsed.success) {
      const first = parsed.error.issues[0];
      const text = `${method}: ${first?.path.join('.') ?? ''} ${first?.message ?? 'invalid parameters'}`;
      return { ok: false, error: controlError('INVALID_PARAMS', text.replace(/:\s+/, ': ')) };
    }
    try {
      // The schema has just checked the parameters; the handler of the same name takes exactly those.
      const handler = handlers[method as MethodName<C>] as (
        params: unknown,
        caller: Caller,
      ) => ReturnType<Handlers<C>[MethodName<C>]>;
      const outcome = await handler(parsed.data, caller);
      if (!outcome.ok) return outcome;
      const result = schema.result.safeParse(outcome.value);
      if (result.success) return { ok: true, result: result.data };
      onNotice({ kind: 'invalid-result', method, error: result.error });
    } catch (error) {
      onNotice({ kind: 'handler-failed', method, error });
    }
    return { ok: false, error: controlError('INTERNAL', `${method} failed inside the service; see its log`) };
  }

  #eventOf(method: string): string | null {
    for (const [event, { subscribe }] of Object.entries(this.#options.contract.events)) {
      if (subscribe === method) return event;
    }
    return null;
  }

  #snapshot(event: string): unknown {
    const snapshots: Readonly<Record<string, () => unknown>> = this.#options.snapshots;
    return this.#options.contract.events[event]?.payload.parse(snapshots[event]?.());
  }
}

/** Why a client is not served at all; null for a welcome one. */
function refusalOf(uid: number, right: Right | null, admission: Admission): ControlError | null {
  if (right === null) {
    const advice = `use sudo, or join the group: sudo usermod -aG ${CONTROL_GROUP} NAME, then log in again`;
    return controlError('NOT_PERMITTED', `user ${uid} may not use the control socket; ${advice}`);
  }
  if (admission === 'serve') return null;
  return controlError('BUSY', `user ${uid} has too many clients connected; close some`);
}

/** Stands for a client whose credentials cannot be read. */
const NO_USER = -1;

function transportOver(socket: Socket): SessionTransport {
  return {
    write: (bytes) => socket.write(bytes),
    queuedBytes: () => socket.writableLength,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => {
      socket.setTimeout(LINGER_MS, () => socket.destroy());
      socket.destroySoon();
    },
    destroy: () => socket.destroy(),
  };
}
