import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from '../home.ts';
import type { NodeName } from '../home-plan.ts';
import type { Scene } from '../scene.ts';
import { NodeProgram } from './node-program.ts';

/** Debian's dnsmasq, of the package dnsmasq-base. */
export const DNSMASQ_PROGRAM = '/usr/sbin/dnsmasq';
/** The name server of the home: its router. */
export const HOME_RESOLVER = '192.168.77.254';
/** A name of the home itself, and one of the internet below which everything exists. */
export const HOME_DOMAIN = 'home.lan';
export const WEB_DOMAIN = 'web.example';

/** One question as the name server saw it. */
export interface SeenQuestion {
  readonly name: string;
  /** Whom it came from, as far as the server can tell. */
  readonly from: string;
}

/** The home's name server, dnsmasq, which says who asked for what. */
export class NameServer implements AsyncDisposable {
  private readonly program: NodeProgram;
  private readonly queryLog: string;

  private constructor(home: VirtualHome, node: NodeName, extraArgs: readonly string[]) {
    this.queryLog = join(home.tempDir, `${node}-queries.log`);
    this.program = new NodeProgram(home, node, 'dnsmasq', [
      DNSMASQ_PROGRAM,
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--user=root',
      '--pid-file=',
      '--no-resolv',
      '--no-hosts',
      '--bind-dynamic',
      '--local=/./',
      `--address=/nas.${HOME_DOMAIN}/192.168.77.50`,
      `--address=/${WEB_DOMAIN}/203.0.113.1`,
      '--log-queries',
      `--log-facility=${this.queryLog}`,
      ...extraArgs,
    ]);
  }

  static async start(scene: Scene, node: NodeName, extraArgs: readonly string[] = []): Promise<NameServer> {
    const server = scene.use(new NameServer(scene.home, node, extraArgs));
    await scene.until('the name server', () =>
      existsSync(server.queryLog) && server.text.includes('started') ? true : null,
    );
    return server;
  }

  /** Every question so far, oldest first. */
  get questions(): readonly SeenQuestion[] {
    return [...this.text.matchAll(/query\[\w+\] (\S+) from (\S+)/g)].map(([, name = '', from = '']) => ({
      name,
      from,
    }));
  }

  /** From whom the questions for a name, or for those below it, came; sorted, each once. */
  askersOf(domain: string): readonly string[] {
    const asked = this.questions.filter(({ name }) => name === domain || name.endsWith(`.${domain}`));
    return [...new Set(asked.map(({ from }) => from))].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }

  private get text(): string {
    return readFileSync(this.queryLog, 'utf8');
  }
}

/** Names the laptop's name servers, in the file where its programs look; programs that run see it too. */
export function setResolvConf(home: VirtualHome, ...servers: readonly string[]): void {
  const lines = servers.map((server) => `nameserver ${server}\n`);
  writeFileSync(join('/etc/netns', home.namespace('laptop'), 'resolv.conf'), lines.join(''));
}
