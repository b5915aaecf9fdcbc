import type { LinkName } from '../../home-plan.ts';
import { linkPlan } from '../../home-plan.ts';
import { BOX_ADDRESS, routeOnBox, SERVER_ADDRESS } from '../bench-home.ts';
import type { BenchHome } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import { missingPrograms } from '../contender.ts';
import type { RunningContender } from '../contender.ts';
import { startBowline } from '../contenders/bowline.ts';

/** `one-path` is Bowline over the first link alone. */
export type LinksContenderName = LinkName | 'mptcp' | 'one-path' | 'bowline';

/** One way to use a laptop's links. */
export interface LinksContender {
  readonly name: LinksContenderName;
  readonly label: string;
  /** Whether the programs at both ends speak MPTCP. */
  readonly isMultipath: boolean;
  /** Says why it cannot be measured here, or null if it can. */
  obstacle(): string | null;
  start(bench: BenchHome, used: readonly LinkName[], signal: AbortSignal): Promise<RunningContender>;
}

/** The plain network over one link: what all others are measured by. */
function single(name: LinkName): LinksContender {
  return {
    name,
    label: `${name} alone`,
    isMultipath: false,
    obstacle: () => null,
    start: (bench) =>
      withCleanUp(async (cleanUp) => {
        await routeOnBox(bench, cleanUp);
        await bench.laptop.ip(
          `route add ${SERVER_ADDRESS}/32 via ${BOX_ADDRESS} dev ${name} src ${addressOf(name)}`,
        );
        cleanUp.add(() => bench.laptop.ip(`route delete ${SERVER_ADDRESS}/32`));
      }),
  };
}

/** Kernel MPTCP from end to end: one subflow a link, default scheduler, both programs under `mptcpize`. */
const mptcp: LinksContender = {
  name: 'mptcp',
  label: 'kernel MPTCP',
  isMultipath: true,
  obstacle: () => missingPrograms(['mptcpize'], 'mptcpize'),
  start: (bench, used) =>
    withCleanUp(async (cleanUp) => {
      await routeOnBox(bench, cleanUp);
      for (const machine of [bench.laptop, bench.net]) {
        await machine.run('ip', ['mptcp', 'limits', 'set', 'subflow', '2', 'add_addr_accepted', '2']);
      }
      for (const [index, name] of used.entries()) {
        const table = FIRST_TABLE + index;
        const route = `${SERVER_ADDRESS}/32 via ${BOX_ADDRESS} dev ${name} src ${addressOf(name)}`;
        await bench.laptop.ip(
          `route add ${route} metric ${index + 1}`,
          `route add ${route} table ${table}`,
          `rule add from ${addressOf(name)} lookup ${table}`,
          `mptcp endpoint add ${addressOf(name)} dev ${name} subflow`,
        );
        cleanUp.add(() =>
          bench.laptop.ip(
            `route delete ${SERVER_ADDRESS}/32 dev ${name}`,
            `route flush table ${table}`,
            `rule delete lookup ${table}`,
          ),
        );
      }
      cleanUp.add(() => bench.laptop.ip('mptcp endpoint flush'));
    }),
};

const bowline: LinksContender = {
  name: 'bowline',
  label: 'Bowline, bonded',
  isMultipath: false,
  obstacle: () => null,
  start: (bench, used, signal) =>
    startBowline(bench, [bench.laptop], { mode: 'bonded', links: used }, signal),
};

const onePath: LinksContender = {
  ...bowline,
  name: 'one-path',
  label: 'Bowline, one link',
  start: (bench, _, signal) =>
    startBowline(bench, [bench.laptop], { mode: 'seamless', links: ['eth0'] }, signal),
};

export const LINKS_CONTENDERS: readonly LinksContender[] = [
  single('eth0'),
  single('wlan0'),
  mptcp,
  onePath,
  bowline,
];

const FIRST_TABLE = 1001;

function addressOf(name: LinkName): string {
  return linkPlan(name, 'one').addresses.v4.split('/')[0] ?? '';
}

async function withCleanUp(start: (cleanUp: CleanUp) => Promise<void>): Promise<RunningContender> {
  const cleanUp = new CleanUp();
  try {
    await start(cleanUp);
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
  return { processes: { laptop: [], box: [] }, stop: () => cleanUp.run() };
}
