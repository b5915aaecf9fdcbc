import {
  clientHelloSchema,
  CONTROL_VERSION,
  requestSchema,
  type Request,
  type ResponseOutcome,
  type ServerMessage,
} from '../src-shared/control/envelope.ts';
import { controlError, type ControlError } from '../src-shared/control/error.ts';
import {
  encodeFrame,
  FrameDecoder,
  MAX_CLIENT_FRAME_BYTES,
  MAX_FRAME_BYTES,
  type FramingFault,
} from './framing.ts';

/*
 * One client of a control server, as a state machine over an injected transport. It assumes nothing good about the
 * client: who sends garbage, stalls in the middle of a frame, or does not read its answers is cut off, and costs a
 * bounded amount of memory until then.
 */

/** How a session reaches its client. */
export interface SessionTransport {
  /** Queues bytes; returns false once the client should be given time to read. */
  write(bytes: Buffer): boolean;
  /** Bytes that were written and not yet taken by the kernel. */
  queuedBytes(): number;
  /** Stops delivering the client's bytes. */
  pause(): void;
  resume(): void;
  /** Ends the connection after what is queued. */
  end(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/** Why a client was cut off. */
export type CutOffReason =
  | FramingFault
  | 'no-hello'
  | 'bad-hello'
  | 'version'
  | 'bad-message'
  | 'stalled-mid-frame'
  | 'does-not-read'
  | 'too-many-requests'
  | 'queue-full';

/** What a session needs from its server. */
export interface SessionHost {
  readonly contractName: string;
  readonly programVersion: string;
  /** Why this client is not served; told in answer to its hello. Null for a welcome client. */
  readonly refusal: ControlError | null;
  /** Why this client may not call a method; null if it may, or if there is none of this name. */
  mayCall(method: string): ControlError | null;
  /** Runs a request. Always resolves. */
  handle(method: string, params: unknown): Promise<ResponseOutcome>;
  /** The event that a method subscribes to; null for ordinary methods. */
  eventOf(method: string): string | null;
  /** The present snapshot of an event, checked against the contract. */
  snapshot(event: string): unknown;
  onCutOff(reason: CutOffReason): void;
}

/** A client on the same machine says hello within microseconds; 5 s allows for a machine that is swapping. */
export const HELLO_TIMEOUT_MS = 5_000;

/** Longest time between the first and the last byte of a frame; the same reasoning as for the hello. */
export const FRAME_TIMEOUT_MS = 5_000;

/** A window that was suspended by a debugger or a busy desktop reads again within seconds; longer is dead. */
export const STALL_TIMEOUT_MS = 10_000;

/** Two largest messages: one that the client is reading and one that came meanwhile. */
export const MAX_QUEUED_BYTES = 2 * MAX_FRAME_BYTES;

/** More requests at once than any view sends; beyond that the client is told to wait. */
export const MAX_REQUESTS_IN_FLIGHT = 16;

/**
 * More in a second than any view sends. The daemon handles requests between two batches of packets, and a pause of 10 ms
 * looks like a failing link; this many cost some 2 ms.
 */
export const MAX_REQUESTS_PER_SECOND = 200;

type Phase = 'awaiting-hello' | 'open' | 'closed';

/** Serves one connection until {@link close} or until the client misbehaves. */
export class ServerSession {
  readonly #transport: SessionTransport;
  readonly #host: SessionHost;
  readonly #decoder = new FrameDecoder(MAX_CLIENT_FRAME_BYTES);
  readonly #subscriptions = new Set<string>();
  /** Events that changed while the client was not reading; only their newest payload is kept. */
  readonly #pendingEvents = new Map<string, unknown>();
  #phase: Phase = 'awaiting-hello';
  #requestsInFlight = 0;
  #secondStartMs = 0;
  #requestsInSecond = 0;
  #isClogged = false;
  #inputDeadline: NodeJS.Timeout | null;
  #stallDeadline: NodeJS.Timeout | null = null;

  constructor(transport: SessionTransport, host: SessionHost) {
    this.#transport = transport;
    this.#host = host;
    this.#inputDeadline = this.#after(HELLO_TIMEOUT_MS, 'no-hello');
  }

  /** Takes bytes from the client. */
  onData(bytes: Buffer): void {
    if (this.#phase === 'closed') return;
    const { messages, fault } = this.#decoder.push(bytes);
    for (const message of messages) {
      this.#onMessage(message);
      if (this.#isClosed()) return;
    }
    if (fault !== null) {
      this.#refuse(fault, controlError('BAD_MESSAGE', `unreadable message (${fault})`));
      return;
    }
    this.#watchPartialFrame(messages.length > 0);
  }

  /** The client has read what was queued. */
  onDrain(): void {
    if (this.#phase !== 'open' || !this.#isClogged) return;
    this.#isClogged = false;
    this.#stallDeadline = cancel(this.#stallDeadline);
    const events = [...this.#pendingEvents];
    this.#pendingEvents.clear();
    for (const [event, payload] of events) this.publish(event, payload);
    if (!this.#isClogged && this.#phase === 'open') this.#transport.resume();
  }

  /** The connection is gone. */
  onClosed(): void {
    this.#phase = 'closed';
    this.#inputDeadline = cancel(this.#inputDeadline);
    this.#stallDeadline = cancel(this.#stallDeadline);
    this.#pendingEvents.clear();
  }

  /** Sends an event if the client subscribed to it; to a slow client, only the newest once it reads again. */
  publish(event: string, payload: unknown): void {
    if (this.#phase !== 'open' || !this.#subscriptions.has(event)) return;
    if (this.#isClogged) this.#pendingEvents.set(event, payload);
    else this.#send({ type: 'event', event, payload });
  }

  /** Ends the connection after what is queued. */
  close(): void {
    if (this.#phase === 'closed') return;
    this.onClosed();
    this.#transport.end();
  }

  #onMessage(message: unknown): void {
    if (this.#phase === 'awaiting-hello') {
      this.#onHello(message);
      return;
    }
    const request = requestSchema.safeParse(message);
    if (!request.success) {
      this.#refuse('bad-message', controlError('BAD_MESSAGE', 'not a request of the control contract'));
      return;
    }
    this.#onRequest(request.data);
  }

  #onHello(message: unknown): void {
    const hello = clientHelloSchema.safeParse(message);
    if (!hello.success) {
      this.#refuse('bad-hello', controlError('BAD_MESSAGE', 'the first message has to be a hello'));
      return;
    }
    const { contractName, programVersion, refusal } = this.#host;
    if (refusal !== null) {
      this.#refuseWith(refusal);
      return;
    }
    if (hello.data.contract !== contractName) {
      const text = `this is the ${contractName}'s socket, not the ${hello.data.contract}'s; check --socket`;
      this.#refuse('bad-hello', controlError('BAD_MESSAGE', text, { contract: contractName }));
      return;
    }
    if (hello.data.control !== CONTROL_VERSION) {
      const text = `version ${hello.data.program} cannot talk to ${contractName} ${programVersion}; restart the older one`;
      const data = { program: programVersion, control: CONTROL_VERSION };
      this.#refuse('version', controlError('VERSION_MISMATCH', text, data));
      return;
    }
    this.#inputDeadline = cancel(this.#inputDeadline);
    this.#phase = 'open';
    this.#send({ type: 'hello', contract: contractName, control: CONTROL_VERSION, program: programVersion });
  }

  #onRequest({ id, method, params }: Request): void {
    if (this.#isFlooding()) {
      const text = `more than ${MAX_REQUESTS_PER_SECOND} requests in a second; send fewer`;
      this.#refuse('too-many-requests', controlError('BUSY', text));
      return;
    }
    const refusal = this.#host.mayCall(method);
    if (refusal !== null) {
      this.#respond(id, { ok: false, error: refusal });
      return;
    }
    const event = this.#host.eventOf(method);
    if (event !== null) {
      this.#subscribe(id, event);
      return;
    }
    if (this.#requestsInFlight >= MAX_REQUESTS_IN_FLIGHT) {
      const error = controlError(
        'BUSY',
        `more than ${MAX_REQUESTS_IN_FLIGHT} requests at once; wait for answers`,
      );
      this.#respond(id, { ok: false, error });
      return;
    }
    this.#requestsInFlight += 1;
    void this.#host.handle(method, params).then((outcome) => {
      this.#requestsInFlight -= 1;
      this.#respond(id, outcome);
    });
  }

  #isFlooding(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#secondStartMs >= 1_000) {
      this.#secondStartMs = nowMs;
      this.#requestsInSecond = 0;
    }
    this.#requestsInSecond += 1;
    return this.#requestsInSecond > MAX_REQUESTS_PER_SECOND;
  }

  #subscribe(id: number, event: string): void {
    this.#subscriptions.add(event);
    this.#respond(id, { ok: true, result: {} });
    this.publish(event, this.#host.snapshot(event));
  }

  #respond(id: number, outcome: ResponseOutcome): void {
    if (this.#phase === 'open') this.#send({ type: 'response', id, outcome });
  }

  #send(message: ServerMessage): void {
    let frame: Buffer;
    try {
      frame = encodeFrame(message);
    } catch (cause) {
      if (message.type !== 'response') throw cause;
      const error = controlError('INTERNAL', 'the answer is longer than a message may be');
      frame = encodeFrame({ type: 'response', id: message.id, outcome: { ok: false, error } });
    }
    if (this.#transport.queuedBytes() + frame.length > MAX_QUEUED_BYTES) {
      this.#cutOff('queue-full');
      return;
    }
    if (this.#transport.write(frame) || this.#isClogged) return;
    this.#isClogged = true;
    this.#transport.pause();
    this.#stallDeadline = this.#after(STALL_TIMEOUT_MS, 'does-not-read');
  }

  #watchPartialFrame(completedOne: boolean): void {
    if (this.#phase !== 'open') return;
    if (!this.#decoder.isMidFrame) {
      this.#inputDeadline = cancel(this.#inputDeadline);
      return;
    }
    if (completedOne) this.#inputDeadline = cancel(this.#inputDeadline);
    this.#inputDeadline ??= this.#after(FRAME_TIMEOUT_MS, 'stalled-mid-frame');
  }

  #refuse(reason: CutOffReason, error: ControlError): void {
    this.#host.onCutOff(reason);
    this.#refuseWith(error);
  }

  #refuseWith(error: ControlError): void {
    this.#send({ type: 'refused', error });
    this.close();
  }

  #cutOff(reason: CutOffReason): void {
    if (this.#phase === 'closed') return;
    this.onClosed();
    this.#host.onCutOff(reason);
    this.#transport.destroy();
  }

  #after(delayMs: number, reason: CutOffReason): NodeJS.Timeout {
    return setTimeout(() => this.#cutOff(reason), delayMs).unref();
  }

  #isClosed(): boolean {
    return this.#phase === 'closed';
  }
}

function cancel(timer: NodeJS.Timeout | null): null {
  if (timer !== null) clearTimeout(timer);
  return null;
}
