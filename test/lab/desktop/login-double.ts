import { connect, type Socket } from 'node:net';
import { LOGIN } from '../../../src-platform/clock/sleep-watch.ts';
import { BUS_NAME } from '../../../src-platform/dbus/system-bus.ts';
import {
  decodeMessage,
  encodeMessage,
  messageBytes,
  type BusValue,
} from '../../../src-platform/dbus/message.ts';
import type { MessageBus } from './message-bus.ts';

/** Stands in for logind, which runs under systemd only: owns its name and announces sleep as it does. */
export class LoginDouble implements AsyncDisposable {
  private readonly socket: Socket;
  private serial = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async start(bus: MessageBus): Promise<LoginDouble> {
    const socket = connect(bus.path);
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('BEGIN\r\n');
    const login = new LoginDouble(socket);
    await login.callBus('Hello', '', []);
    await login.callBus('RequestName', 'su', [LOGIN, 0]);
    return login;
  }

  /** Announces that the laptop is about to sleep (true) or has woken up (false). */
  announce(isSleeping: boolean): void {
    const signal = {
      serial: ++this.serial,
      destination: null,
      path: '/org/freedesktop/login1',
      interface: `${LOGIN}.Manager`,
      member: 'PrepareForSleep',
    };
    this.socket.write(encodeMessage(signal, 'b', [isSleeping]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.destroy();
    await closed;
  }

  /** Calls the bus itself and waits for its answer. */
  private callBus(member: string, signature: string, body: readonly BusValue[]): Promise<void> {
    const serial = ++this.serial;
    const place = { destination: BUS_NAME, path: '/org/freedesktop/DBus', interface: BUS_NAME };
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      const onData = (bytes: Buffer): void => {
        received = Buffer.concat([received, bytes]);
        for (;;) {
          const length = messageBytes(received);
          if (length === null || received.length < length) return;
          const message = decodeMessage(received.subarray(0, length));
          received = received.subarray(length);
          if (message.replySerial !== serial) continue;
          this.socket.off('data', onData);
          if (message.kind === 'return') resolve();
          else reject(new Error(`${member}: ${message.errorName ?? ''}`));
        }
      };
      this.socket.on('data', onData);
      this.socket.write(encodeMessage({ ...place, serial, member }, signature, body));
    });
  }
}
