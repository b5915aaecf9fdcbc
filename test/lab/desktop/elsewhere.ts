import type { Scene } from '../scene.ts';
import { NodeProgram } from './node-program.ts';

/** Addresses of the other network: the same as at home, as in many places. */
const ROUTER = '192.168.77.254/24';

/**
 * Another network, such as that of a hotel: its router has the address of the one at home, and the laptop's Wi-Fi gets
 * the address that it has at home. Only the hardware is another.
 */
export class Elsewhere {
  private readonly scene: Scene;

  private constructor(scene: Scene) {
    this.scene = scene;
  }

  static async build(scene: Scene): Promise<Elsewhere> {
    const { home } = scene;
    await home.addGuest();
    await home.ip(
      'air',
      'link add brx type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set dev brx up',
      'link set dev guestp master brx',
    );
    await home.ip('guest', 'addr flush dev eth0 scope global', `addr add ${ROUTER} dev eth0`);
    return new Elsewhere(scene);
  }

  /** Takes the laptop's Wi-Fi there: out of the range of one network, into that of another. */
  arrive(): Promise<unknown> {
    return this.move('brx');
  }

  /** Takes the laptop's Wi-Fi home again. @returns when it was there */
  async goHome(): Promise<number> {
    return (await this.move('br0')).inForceMicros;
  }

  /**
   * Answers every request for a web page.
   * @param answer what the first line and the body of the answer are
   */
  async serveWeb(answer: { readonly status: string; readonly body: string }): Promise<NodeProgram> {
    const { home } = this.scene;
    const redirect = 'add rule ip web in tcp dport 80 redirect to :8080;';
    await home.nft(
      'guest',
      'add table ip web; delete table ip web; add table ip web; ' +
        `add chain ip web in { type nat hook prerouting priority dstnat; }; ${redirect}`,
    );
    const script = `
      import { createServer } from 'node:http';
      createServer((request, response) => {
        response.writeHead(${answer.status}, { 'content-type': 'text/html' });
        response.end(${JSON.stringify(answer.body)});
      }).listen(8080, () => console.log('listening'));
    `;
    const command = [process.execPath, '--input-type=module', '--eval', script];
    const server = this.scene.use(new NodeProgram(home, 'guest', `web-${answer.status}`, command));
    await this.scene.until('the web server', () => (server.log.includes('listening') ? true : null));
    return server;
  }

  private async move(bridge: 'br0' | 'brx') {
    const { home } = this.scene;
    await home.ip('air', 'link set dev wlan0p down', `link set dev wlan0p master ${bridge}`);
    // Long enough for the daemon's look around, once a second, to fall into it.
    await this.scene.pause('out of range', OUT_OF_RANGE_MS);
    return home.ip('air', 'link set dev wlan0p up');
  }
}

const OUT_OF_RANGE_MS = 1_200;
