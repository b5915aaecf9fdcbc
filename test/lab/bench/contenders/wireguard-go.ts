import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, tryProgram } from '../../programs.ts';
import { BOX_ADDRESS, routeOnBox, SERVER_ADDRESS } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import { missingPrograms } from '../contender.ts';
import type { Contender } from '../contender.ts';
import type { Machine, Service } from '../machine.ts';

/** WireGuard's implementation in Go, the usual one where the kernel has none. */
export const wireguardGo: Contender = {
  name: 'wireguard-go',
  label: 'wireguard-go',
  setting: 'MTU 1420, the box masquerades',
  carriesUdp: true,
  obstacle: () => missingPrograms(['wireguard-go', 'wg'], 'wireguard-go, wireguard-tools'),
  version: async () => {
    const { stdout, stderr } = await tryProgram('wireguard-go', ['--version']);
    return (stdout + stderr).split('\n')[0]?.trim() ?? '';
  },
  start: async (bench, laptops, signal) => {
    const cleanUp = new CleanUp();
    try {
      await routeOnBox(bench, cleanUp);
      const boxKeys = await makeKeys();
      const box = await startInterface(bench.box, 'b', '10.66.0.1/24', cleanUp, signal);
      await configure(bench.box, box.device, boxKeys.secret, bench.tempDir, ['listen-port', PORT]);
      const services: Service[] = [];
      for (const [index, laptop] of laptops.entries()) {
        const address = `10.66.0.${10 + index}`;
        const keys = await makeKeys();
        const end = await startInterface(laptop, `l${index}`, `${address}/24`, cleanUp, signal);
        await configure(laptop, end.device, keys.secret, bench.tempDir, [
          ...['peer', boxKeys.open, 'endpoint', `${BOX_ADDRESS}:${PORT}`, 'allowed-ips', '0.0.0.0/0'],
        ]);
        await bench.box.run('wg', ['set', box.device, 'peer', keys.open, 'allowed-ips', `${address}/32`]);
        await laptop.ip(`route add ${SERVER_ADDRESS}/32 dev ${end.device}`);
        services.push(end.service);
      }
      const first = services.slice(0, 1).map(({ pid }) => pid);
      return { processes: { laptop: first, box: [box.service.pid] }, stop: () => cleanUp.run() };
    } catch (error) {
      await cleanUp.run();
      throw error;
    }
  },
};

const PORT = '51820';
/** It has one folder of control sockets for all namespaces, so a device's name must be of this run alone. */
const SOCKET_DIR = '/var/run/wireguard';
const START_MS = 5000;

async function startInterface(
  machine: Machine,
  suffix: string,
  address: string,
  cleanUp: CleanUp,
  signal: AbortSignal,
): Promise<{ readonly device: string; readonly service: Service }> {
  const device = `bwg${process.pid}${suffix}`;
  // Verbose, since otherwise nothing would tell that it is ready.
  const service = machine.start('env', ['LOG_LEVEL=verbose', 'wireguard-go', '-f', device]);
  cleanUp.add(async () => {
    await service.stop();
    rmSync(join(SOCKET_DIR, `${device}.sock`), { force: true });
  });
  await service.waitForOutput(/UAPI listener started/, START_MS, signal);
  await machine.ip(`addr add ${address} dev ${device}`, `link set dev ${device} mtu 1420 up`);
  return { device, service };
}

async function configure(
  machine: Machine,
  device: string,
  secret: string,
  tempDir: string,
  settings: readonly string[],
): Promise<void> {
  const keyPath = join(tempDir, `${device}.key`);
  writeFileSync(keyPath, secret, { mode: 0o600 });
  await machine.run('wg', ['set', device, 'private-key', keyPath, ...settings]);
}

async function makeKeys(): Promise<{ readonly secret: string; readonly open: string }> {
  const secret = await runProgram('wg', ['genkey']);
  return { secret, open: (await runProgram('wg', ['pubkey'], secret)).trim() };
}
