import { createConnection, type Socket } from 'node:net';
import type {
  Contract,
  EventName,
  EventPayload,
  MethodName,
  MethodParams,
  MethodResult,
} from '../src-shared/control/contract.ts';
import { CONTROL_VERSION, serverMessageSchema, type ServerMessage } from '../src-shared/control/envelope.ts';
import { controlError, type ControlError } from '../src-shared/control/error.ts';
import { CONTROL_GROUP } from '../src-shared/model/defaults.ts';
import { err, ok, type Result } from '../src-shared/util/result.ts';
import { encodeFrame, FrameDecoder } from './framing.ts';
import { errorCode } from './peer.ts';

/**
 * Longest wait for the socket and the hello. The server is on the same machine; only a hung one needs this long, and
 * a person at a prompt gives up at about the same time.
 */
const CONNECT_TIMEOUT_MS = 3_000;

/** Default wait for an answer. Handlers change routes at most, which takes tens of milliseconds. */
const CALL_TIMEOUT_MS = 10_000;

/** Whom to talk to, and as what. */
export interface ConnectOptions<C extends Contract> {
  readonly contract: C;
  readonly socketPath: string;
  /** Version of this program, told to the server. */
  readonly programVersion: string;
}

type Settle = (outcome: Result<unknown, ControlError>) => void;

/** One connection to a control server: from hello to the end, without reconnecting. */
export class ControlConnection<C extends Contract> {
  readonly #contract: C;
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #calls = new Map<number, Settle>();
  readonly #listeners = new Map<string, (payload: unknown) => void>();
  readonly #closeListeners = new Set<(error: ControlError) => void>();
  #nextId = 1;
  #end: ControlError | null = null;
  #onHello: ((outcome: Result<null, ControlError>) => void) | null = null;

  private constructor(contract: C, socket: Socket) {
    this.#contract = contract;
    this.#socket = socket;
  }

  /** Connects and shakes hands. Fails with UNREACHABLE, NOT_PERMITTED, VERSION_MISMATCH, BUSY or TIMEOUT. */
  static async open<C extends Contract>(
    options: ConnectOptions<C>,
  ): Promise<Result<ControlConnection<C>, ControlError>> {
    const socket = createConnection({ path: options.socketPath });
    const connection = new ControlConnection(options.contract, socket);
    const outcome = await new Promise<Result<null, ControlError>>((resolve) => {
      const deadline = setTimeout(() => {
        connection.#finish(
          controlError('TIMEOUT', `no answer on ${options.socketPath}; restart the service`),
        );
      }, CONNECT_TIMEOUT_MS);
      connection.#onHello = (result) => {
        clearTimeout(deadline);
        connection.#onHello = null;
        resolve(result);
      };
      connection.#listen(options);
    });
    return outcome.ok ? ok(connection) : outcome;
  }

  /** Calls a method; its result is checked against the contract. Never rejects. */
  async call<M extends MethodName<C>>(
    method: M,
    params: MethodParams<C, M>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Result<MethodResult<C, M>, ControlError>> {
    const answer = await this.#request(method, params, options.timeoutMs ?? CALL_TIMEOUT_MS);
    if (!answer.ok) return answer;
    const parsed = this.#contract.methods[method]?.result.safeParse(answer.value);
    if (parsed?.success !== true) {
      return err(controlError('BAD_MESSAGE', `${method}: the answer is not what the contract says`));
    }
    return ok(parsed.data as MethodResult<C, M>);
  }

  /** Subscribes to an event; the listener gets the present snapshot first. One listener for each event. */
  async subscribe<E extends EventName<C>>(
    event: E,
    listener: (payload: EventPayload<C, E>) => void,
  ): Promise<Result<null, ControlError>> {
    const schema = this.#contract.events[event];
    if (schema === undefined) throw new Error(`no event ${event}`);
    this.#listeners.set(event, (payload) => {
      const parsed = schema.payload.safeParse(payload);
      if (parsed.success) listener(parsed.data as EventPayload<C, E>);
      else this.#finish(controlError('BAD_MESSAGE', `${event}: not what the contract says`));
    });
    const answer = await this.#request(schema.subscribe, {}, CALL_TIMEOUT_MS);
    return answer.ok ? ok(null) : answer;
  }

  /** Tells, once, that the connection ended and why; at once if it has ended already. */
  onClosed(listener: (error: ControlError) => void): void {
    if (this.#end !== null) listener(this.#end);
    else this.#closeListeners.add(listener);
  }

  /** Ends the connection. Open calls fail with CONNECTION_LOST. May be called twice. */
  close(): void {
    this.#finish(controlError('CONNECTION_LOST', 'the connection was closed'));
  }

  #request(method: string, params: unknown, timeoutMs: number): Promise<Result<unknown, ControlError>> {
    if (this.#end !== null) return Promise.resolve(err(this.#end));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        settle(err(controlError('TIMEOUT', `${method}: no answer within ${timeoutMs} ms`)));
      }, timeoutMs);
      const settle: Settle = (outcome) => {
        clearTimeout(deadline);
        this.#calls.delete(id);
        resolve(outcome);
      };
      this.#calls.set(id, settle);
      this.#socket.write(encodeFrame({ type: 'request', id, method, params }));
    });
  }

  #listen({ contract, socketPath, programVersion }: ConnectOptions<C>): void {
    const hello = {
      type: 'hello',
      contract: contract.name,
      control: CONTROL_VERSION,
      program: programVersion,
    };
    this.#socket.once('connect', () => this.#socket.write(encodeFrame(hello)));
    this.#socket.on('data', (bytes) => this.#onData(bytes));
    this.#socket.once('error', (error) => this.#finish(connectError(error, socketPath, contract.name)));
    this.#socket.once('close', () =>
      this.#finish(controlError('CONNECTION_LOST', 'the service ended the connection')),
    );
  }

  #onData(bytes: Buffer): void {
    const { messages, fault } = this.#decoder.push(bytes);
    for (const raw of messages) {
      const message = serverMessageSchema.safeParse(raw);
      if (!message.success) {
        this.#finish(controlError('BAD_MESSAGE', 'the service sent something that is no message'));
        return;
      }
      this.#onMessage(message.data);
      if (this.#end !== null) return;
    }
    if (fault !== null) this.#finish(controlError('BAD_MESSAGE', `unreadable message (${fault})`));
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#onHello?.(ok(null));
        break;
      case 'refused':
        this.#finish(message.error);
        break;
      case 'response':
        this.#calls.get(message.id)?.(
          message.outcome.ok ? ok(message.outcome.result) : err(message.outcome.error),
        );
        break;
      case 'event':
        this.#listeners.get(message.event)?.(message.payload);
        break;
    }
  }

  #finish(error: ControlError): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#socket.destroy();
    this.#onHello?.(err(error));
    for (const settle of [...this.#calls.values()]) settle(err(error));
    for (const listener of this.#closeListeners) listener(error);
    this.#closeListeners.clear();
  }
}

function connectError(error: Error, socketPath: string, contractName: string): ControlError {
  const errno = errorCode(error) ?? 'unknown';
  const data = { errno, socketPath };
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return controlError(
        'NOT_PERMITTED',
        `no permission to use ${socketPath}; use sudo, or join the group: ` +
          `sudo usermod -aG ${CONTROL_GROUP} NAME, then log in again`,
        data,
      );
    case 'ENOENT':
    case 'ENOTDIR':
      return controlError(
        'UNREACHABLE',
        `no ${contractName} socket at ${socketPath}; start the service`,
        data,
      );
    case 'ECONNREFUSED':
      return controlError(
        'UNREACHABLE',
        `the ${contractName} behind ${socketPath} does not run; start the service`,
        data,
      );
    default:
      return controlError('CONNECTION_LOST', `the connection to ${socketPath} broke (${errno})`, data);
  }
}
