import { BOX_ADDRESS, routeOnBox, SERVER_ADDRESS } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import type { Contender } from '../contender.ts';

/** The plain network: the box as an ordinary router with NAT, no tunnel. What a tunnel can at most reach. */
export const raw: Contender = {
  name: 'raw',
  label: 'Raw link',
  setting: 'plain routing through the NAT of the box, every offload of the kernel on',
  carriesUdp: true,
  obstacle: () => null,
  version: () => Promise.resolve('kernel'),
  start: async (bench, laptops) => {
    const cleanUp = new CleanUp();
    try {
      await routeOnBox(bench, cleanUp);
      for (const laptop of laptops) {
        await laptop.ip(`route add ${SERVER_ADDRESS}/32 via ${BOX_ADDRESS} dev eth0`);
        cleanUp.add(() => laptop.ip(`route delete ${SERVER_ADDRESS}/32`));
      }
    } catch (error) {
      await cleanUp.run();
      throw error;
    }
    return { processes: { laptop: [], box: [] }, stop: () => cleanUp.run() };
  },
};
