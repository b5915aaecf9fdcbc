import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeMessage, messageBytes, type BusMessage, type BusValue } from './message.ts';

/** Where the system's message bus listens, unless the environment says otherwise as the D-Bus Specification lets it. */
export function systemBusPath(environment: NodeJS.ProcessEnv = process.env): string {
  const address = /(?:^|;)unix:(?:[^;]*,)?path=([^;,]+)/.exec(
    environment['DBUS_SYSTEM_BUS_ADDRESS'] ?? '',
  )?.[1];
  return address === undefined ? '/run/dbus/system_bus_socket' : decodeURIComponent(address);
}

/** The bus itself, which is also a service on it. */
export const BUS_NAME = 'org.freedesktop.DBus';
const BUS_OBJECT = '/org/freedesktop/DBus';

/** Services answer within milliseconds; one that does not is as good as gone. */
const CALL_TIMEOUT_MS = 5_000;

/** One method of one object of a service. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Types of the arguments, such as `su`; default none. */
  readonly signature?: string;
  readonly body?: readonly BusValue[];
}

/** A call that the service refused, or that nobody answered. */
export class BusCallError extends Error {
  readonly code = 'BUS_CALL_FAILED';
  /** Such as `org.freedesktop.Avahi.CollisionError`; null if nobody answered. */
  readonly errorName: string | null;

  constructor(call: BusCall, errorName: string | null, detail: string) {
    super(`${call.destination} ${call.member}: ${detail}`);
    this.name = 'BusCallError';
    this.errorName = errorName;
  }
}

/** A connection to the message bus, for calling services and hearing their signals. */
export interface BusConnection {
  /** @throws BusCallError */
  call(call: BusCall): Promise<readonly BusValue[]>;
  /** Asks the bus for signals, such as `type='signal',sender='org.freedesktop.Avahi'`. @throws BusCallError */
  addMatch(rule: string): Promise<void>;
  /** @throws BusCallError */
  hasOwner(name: string): Promise<boolean>;
  /** Which connection a service's signals come from; null if it does not run. @throws BusCallError */
  ownerOf(name: string): Promise<string | null>;
  close(): void;
}

export interface BusListener {
  readonly onSignal: (signal: BusMessage) => void;
  /** The connection ended, unless it was closed from this side. */
  readonly onEnd: () => void;
}

/** Connects to the message bus. @throws an error with an errno if there is none, or one that says how it failed */
export async function connectBus(listener: BusListener, path = systemBusPath()): Promise<BusConnection> {
  const socket = connect(path);
  try {
    await authenticate(socket);
    const bus = new Connection(socket, listener);
    await bus.callBus('Hello');
    return bus;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The bus sees by the socket who connects; the text only says that this is what is meant ("EXTERNAL"). */
function authenticate(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('the message bus does not answer')), CALL_TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
    };
    const fail = (error: Error): void => {
      settle();
      // A socket that fails twice has nobody left to tell.
      socket.on('error', () => undefined);
      reject(error);
    };
    let answer = '';
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the message bus closed the connection')));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (!answer.includes('\r\n')) return;
      if (!answer.startsWith('OK '))
        return fail(new Error(`the message bus refuses this user: ${answer.trim()}`));
      settle();
      socket.write('BEGIN\r\n');
      resolve();
    });
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    socket.on('connect', () => socket.write(`\0AUTH EXTERNAL ${user}\r\n`));
  });
}

interface Pending {
  readonly call: BusCall;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (body: readonly BusValue[]) => void;
  readonly reject: (error: Error) => void;
}

class Connection implements BusConnection {
  private readonly socket: Socket;
  private readonly listener: BusListener;
  private readonly pending = new Map<number, Pending>();
  private received: Buffer = Buffer.alloc(0);
  private serial = 0;
  private isClosed = false;

  constructor(socket: Socket, listener: BusListener) {
    this.socket = socket;
    this.listener = listener;
    socket.on('data', (bytes) => this.onData(bytes));
    // Whatever the error was, `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onClose());
  }

  call(call: BusCall): Promise<readonly BusValue[]> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new BusCallError(call, null, 'the connection is closed'));
      const serial = ++this.serial;
      const timer = setTimeout(() => {
        this.pending.delete(serial);
        reject(new BusCallError(call, null, `no answer within ${CALL_TIMEOUT_MS} ms`));
      }, CALL_TIMEOUT_MS);
      this.pending.set(serial, { call, timer, resolve, reject });
      this.socket.write(encodeMessage({ ...call, serial }, call.signature ?? '', call.body ?? []));
    });
  }

  callBus(member: string, signature = '', body: readonly BusValue[] = []): Promise<readonly BusValue[]> {
    return this.call({
      destination: BUS_NAME,
      path: BUS_OBJECT,
      interface: BUS_NAME,
      member,
      signature,
      body,
    });
  }

  async addMatch(rule: string): Promise<void> {
    await this.callBus('AddMatch', 's', [rule]);
  }

  async hasOwner(name: string): Promise<boolean> {
    return (await this.callBus('NameHasOwner', 's', [name]))[0] === true;
  }

  async ownerOf(name: string): Promise<string | null> {
    if (!(await this.hasOwner(name))) return null;
    const [owner] = await this.callBus('GetNameOwner', 's', [name]);
    return typeof owner === 'string' ? owner : null;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.end();
    this.failPending();
  }

  private onData(bytes: Buffer): void {
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes]);
    try {
      for (;;) {
        const length = messageBytes(this.received);
        if (length === null || this.received.length < length) return;
        const whole = this.received.subarray(0, length);
        this.received = this.received.subarray(length);
        this.onMessage(decodeMessage(whole));
      }
    } catch {
      // The bus is trusted, but without a common format there is no way to go on.
      this.socket.destroy();
    }
  }

  private onMessage(message: BusMessage): void {
    if (message.kind === 'signal') {
      if (!this.isClosed) this.listener.onSignal(message);
      return;
    }
    const pending = message.replySerial === null ? undefined : this.pending.get(message.replySerial);
    if (pending === undefined) return;
    this.pending.delete(message.replySerial!);
    clearTimeout(pending.timer);
    if (message.kind === 'return') return pending.resolve(message.body);
    const detail = typeof message.body[0] === 'string' ? message.body[0] : 'refused';
    pending.reject(new BusCallError(pending.call, message.errorName, detail));
  }

  private onClose(): void {
    this.failPending();
    if (this.isClosed) return;
    this.isClosed = true;
    this.listener.onEnd();
  }

  private failPending(): void {
    for (const { call, timer, reject } of this.pending.values()) {
      clearTimeout(timer);
      reject(new BusCallError(call, null, 'the connection ended'));
    }
    this.pending.clear();
  }
}
