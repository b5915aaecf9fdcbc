import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, tryProgram } from '../../programs.ts';
import { BOX_ADDRESS, routeOnBox, SERVER_ADDRESS } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import { missingPrograms } from '../contender.ts';
import type { Contender } from '../contender.ts';
import type { Service } from '../machine.ts';

/** OpenVPN over UDP, in user space. */
export const openvpn: Contender = {
  name: 'openvpn',
  label: 'OpenVPN',
  setting: 'UDP, AES-256-GCM, keepalive 10 60, no data channel offload, the box masquerades',
  carriesUdp: true,
  obstacle: () => missingPrograms(['openvpn', 'openssl'], 'openvpn, openssl'),
  version: async () => (await tryProgram('openvpn', ['--version'])).stdout.split(' ').slice(0, 2).join(' '),
  start: async (bench, laptops, signal) => {
    const cleanUp = new CleanUp();
    try {
      await routeOnBox(bench, cleanUp);
      const boxIdentity = await identity(bench.tempDir, 'box');
      const identities = await Promise.all(laptops.map(({ name }) => identity(bench.tempDir, name)));
      const trusted = identities.flatMap(({ fingerprint }) => ['--peer-fingerprint', fingerprint]);
      const box = bench.box.start('openvpn', [
        ...['--server', '10.66.8.0', '255.255.255.0', '--topology', 'subnet', '--dh', 'none'],
        ...['--local', BOX_ADDRESS, '--port', PORT, '--keepalive', '10', '60', ...trusted],
        ...common('bovpnb', boxIdentity),
      ]);
      cleanUp.add(() => box.stop());
      await box.waitForOutput(READY, START_MS, signal);
      const services: Service[] = [];
      for (const [index, laptop] of laptops.entries()) {
        const device = `bovpnl${index}`;
        const service = laptop.start('openvpn', [
          ...['--client', '--remote', BOX_ADDRESS, PORT, '--nobind'],
          ...['--peer-fingerprint', boxIdentity.fingerprint],
          ...common(device, identities[index] ?? boxIdentity),
        ]);
        cleanUp.add(() => service.stop());
        await service.waitForOutput(READY, START_MS, signal);
        await laptop.ip(`route add ${SERVER_ADDRESS}/32 via 10.66.8.1 dev ${device}`);
        services.push(service);
      }
      const first = services.slice(0, 1).map(({ pid }) => pid);
      return { processes: { laptop: first, box: [box.pid] }, stop: () => cleanUp.run() };
    } catch (error) {
      await cleanUp.run();
      throw error;
    }
  },
};

const PORT = '1194';
const READY = /Initialization Sequence Completed/;
/** The handshake of the client waits for whole seconds in between. */
const START_MS = 15_000;

interface Identity {
  readonly keyPath: string;
  readonly certificatePath: string;
  readonly fingerprint: string;
}

function common(device: string, { keyPath, certificatePath }: Identity): string[] {
  return [
    ...['--dev', device, '--dev-type', 'tun', '--proto', 'udp4', '--disable-dco'],
    ...['--data-ciphers', 'AES-256-GCM', '--key', keyPath, '--cert', certificatePath],
  ];
}

/** Makes a key and a certificate that signs itself; the other end knows it by its fingerprint. */
async function identity(dir: string, name: string): Promise<Identity> {
  const keyPath = join(dir, `openvpn-${name}.key`);
  const certificatePath = join(dir, `openvpn-${name}.crt`);
  if (!existsSync(certificatePath)) {
    await runProgram('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '2', '-subj', `/CN=${name}`, '-keyout', keyPath, '-out', certificatePath],
    ]);
  }
  const args = ['x509', '-fingerprint', '-sha256', '-noout', '-in', certificatePath];
  const line = await runProgram('openssl', args);
  return { keyPath, certificatePath, fingerprint: line.slice(line.indexOf('=') + 1).trim() };
}
