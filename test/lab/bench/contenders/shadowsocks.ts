import { randomBytes } from 'node:crypto';
import { tryProgram } from '../../programs.ts';
import { BOX_ADDRESS, SERVER_ADDRESS } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import { missingPrograms } from '../contender.ts';
import type { Contender } from '../contender.ts';
import type { Machine, Service } from '../machine.ts';

/** A proxy that ends TCP on the laptop and begins it anew on the box, over MPTCP: the fastest rival, for TCP alone. */
export const shadowsocks: Contender = {
  name: 'shadowsocks',
  label: 'shadowsocks over MPTCP',
  setting:
    'ss-redir and ss-server under mptcpize, aes-256-gcm, no delay, nft redirect, one subflow; TCP alone',
  carriesUdp: false,
  obstacle: () => missingPrograms(['ss-redir', 'ss-server', 'mptcpize'], 'shadowsocks-libev, mptcpize'),
  version: async () => {
    const { stdout, stderr } = await tryProgram('ss-server', ['-h']);
    return (stdout + stderr).trim().split('\n')[0]?.trim() ?? '';
  },
  start: async (bench, laptops, signal) => {
    const cleanUp = new CleanUp();
    const password = randomBytes(24).toString('base64url');
    const common = ['-p', PORT, '-k', password, '-m', 'aes-256-gcm', '--no-delay'];
    try {
      await useCubic(bench.box, ['192.168.77.0/25 dev lan0', `${SERVER_ADDRESS}/32 dev wan0`], cleanUp);
      const server = bench.box.start('mptcpize', ['run', 'ss-server', '-s', BOX_ADDRESS, ...common]);
      cleanUp.add(() => server.stop());
      await server.waitForOutput(/tcp server listening at/, START_MS, signal);
      const services: Service[] = [];
      for (const laptop of laptops) {
        await useCubic(laptop, [`${BOX_ADDRESS}/32 dev eth0`], cleanUp);
        const redirector = laptop.start('mptcpize', [
          ...['run', 'ss-redir', '-s', BOX_ADDRESS, '-b', '127.0.0.1', '-l', LOCAL_PORT, ...common],
        ]);
        cleanUp.add(() => redirector.stop());
        await redirector.waitForOutput(/listening at/, START_MS, signal);
        await laptop.run('nft', ['-f', '-'], REDIRECT_RULESET);
        cleanUp.add(() => laptop.run('nft', ['delete', 'table', 'ip', 'bench_redirect']));
        services.push(redirector);
      }
      const first = services.slice(0, 1).map(({ pid }) => pid);
      return { processes: { laptop: first, box: [server.pid] }, stop: () => cleanUp.run() };
    } catch (error) {
      await cleanUp.run();
      throw error;
    }
  },
};

const PORT = '8388';
const LOCAL_PORT = '1080';
const START_MS = 5000;

const REDIRECT_RULESET = `table ip bench_redirect {
  chain out {
    type nat hook output priority -100; policy accept;
    ip daddr ${SERVER_ADDRESS} ip protocol tcp redirect to :${LOCAL_PORT}
  }
}
`;

/** Its own TCP connections use what the machine prefers; by route they get what all other streams use. */
async function useCubic(machine: Machine, routes: readonly string[], cleanUp: CleanUp): Promise<void> {
  await machine.ip(...routes.map((route) => `route add ${route} congctl cubic`));
  cleanUp.add(() => machine.ip(...routes.map((route) => `route delete ${route}`)));
}
