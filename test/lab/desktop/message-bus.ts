import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusMessage } from '../../../src-platform/dbus/message.ts';
import { connectBus, type BusConnection } from '../../../src-platform/dbus/system-bus.ts';
import type { VirtualHome } from '../home.ts';
import type { Scene } from '../scene.ts';
import { accountLines } from './accounts.ts';
import { NodeProgram } from './node-program.ts';

/** The program that the real bus runs on. */
export const BUS_PROGRAM = '/usr/bin/dbus-daemon';

/**
 * A message bus for the laptop of a home alone. Programs find it by {@link MessageBus.environment}; the test itself may
 * connect too, as any program on the laptop.
 */
export class MessageBus implements AsyncDisposable {
  readonly path: string;
  /** Apart from the home's own folder, into which only root may look. */
  private readonly dir: string;
  private readonly configPath: string;
  private readonly home: VirtualHome;
  private readonly program: NodeProgram;
  private readonly connections: BusConnection[] = [];

  private constructor(home: VirtualHome) {
    this.home = home;
    this.dir = mkdtempSync(join(tmpdir(), `bowline-lab-${home.prefix}-bus-`));
    chmodSync(this.dir, 0o755);
    this.path = join(this.dir, 'socket');
    this.configPath = join(this.dir, 'bus.conf');
    writeFileSync(this.configPath, configOf(this.path));
    this.program = this.launch();
  }

  static async start(scene: Scene): Promise<MessageBus> {
    const bus = scene.use(new MessageBus(scene.home));
    await scene.until('the message bus', () => (existsSync(bus.path) ? true : null));
    return bus;
  }

  /** The start of a command line whose program uses this bus. */
  get environment(): readonly string[] {
    return ['env', `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${this.path}`];
  }

  /** Connects as a program on the laptop would. */
  async connect(onSignal: (signal: BusMessage) => void = () => undefined): Promise<BusConnection> {
    const connection = await connectBus({ onSignal, onEnd: () => undefined }, this.path);
    this.connections.push(connection);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.connections) connection.close();
    await this.program.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private launch(): NodeProgram {
    // It turns users away whose groups it cannot look up.
    const through = ['sh', '-ec', `${accountLines(this.home)} exec "$@"`, 'sh'];
    const command = [...through, BUS_PROGRAM, `--config-file=${this.configPath}`, '--nofork', '--nopidfile'];
    return new NodeProgram(this.home, 'laptop', 'dbus', command);
  }
}

/** Everybody may do everything: who may do what on a real bus is for its services to decide. */
function configOf(path: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*" eavesdrop="false"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`;
}
