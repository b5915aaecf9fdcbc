import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rulesReportSchema } from '../../src-shared/model/app-rule.ts';
import { AppGroups } from '../lab/app-groups.ts';
import type { Tunnel } from '../lab/daemons.ts';
import type { VirtualHome } from '../lab/home.ts';
import { BOX_WAN, ROUTER_WAN } from '../lab/home-plan.ts';
import { inHome, type Scene } from '../lab/scene.ts';
import { VisitLoop, Visits } from '../lab/visits.ts';
import { startBrowser } from './browser.ts';
import { OpenWindow } from './window.ts';

const APP = { id: 'lab.Fetcher', name: 'Fetcher' };

/** Programs hold each connection for this long, then say whence they were seen, and make another. */
const HOLD_MS = '2000';
const TIMES = '30';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the view of apps over a real daemon', () => {
  it('gives an app a way that it takes, and shows it on that way', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const dataDir = installApp(home);
      const groups = scene.use(new AppGroups(home));
      const tunnel = await scene.tunnel({ laptop: { through: ['env', `XDG_DATA_DIRS=${dataDir}`] } });
      const visits = scene.use(await Visits.prepare(home));
      const open = scene.use(
        await OpenWindow.open(browser, tunnel.laptop.socketPath, { view: 'apps', reducedMotion: 'reduce' }),
      );
      const { page } = open;

      scene.note('an app, by the menu in its row');
      await page.getByRole('button', { name: `Way of ${APP.name}: Automatic` }).click();
      await page.getByRole('menuitemradio', { name: /^Only over Wi-Fi/ }).click();
      await scene.until('the rule', () => ruled(tunnel, `app ${APP.id}: only:wlan0`));
      const procs = groups.make(APP.id);
      const start = ['-c', `echo $$ > ${procs}; exec "$@"`, 'sh', visits.program('plain')];
      expect(await sourceOf(scene, visits, 1, 'sh', start)).toBe(ROUTER_WAN.v4);
      const beside = page.locator('section section', { hasText: 'Wi-Fi, beside the tunnel' });
      await beside.getByRole('row', { name: `${APP.name} 1 connection` }).waitFor();

      scene.note('a program, by the dialog');
      const program = visits.program('fetch-directly');
      await page.getByRole('button', { name: 'Add rule' }).click();
      await page.keyboard.type(program);
      await page.keyboard.press('Enter');
      await scene.until('the rule', () => ruled(tunnel, `exec ${program}: direct`));
      expect(await sourceOf(scene, visits, 2, program, [])).toBe(ROUTER_WAN.v4);
      await page.getByRole('row', { name: 'fetch-directly 1 connection' }).waitFor();

      scene.note('and back');
      await page.getByRole('button', { name: `Remove the rule of ${program}` }).click();
      await scene.until(
        'no rule',
        async () => (await ruled(tunnel, `exec ${program}: direct`)) === null || null,
      );
      expect(await sourceOf(scene, visits, 3, program, [])).toBe(BOX_WAN.v4);
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

/** Starts a program that has a connection to the internet most of the time; whence the server sees it come. */
async function sourceOf(
  scene: Scene,
  visits: Visits,
  number: number,
  file: string,
  before: readonly string[],
): Promise<string> {
  const visit = visits.args({ family: 4, protocol: 'tcp', number });
  const loop = scene.use(
    new VisitLoop(visits.start(file, [...before, ...visit, '--hold', HOLD_MS, '--times', TIMES])),
  );
  return scene.until('the answer', () => loop.lines[0] ?? null);
}

/** True if the daemon holds such a rule, null if not. */
async function ruled(tunnel: Tunnel, wanted: string): Promise<true | null> {
  const { rules } = rulesReportSchema.parse(JSON.parse(await tunnel.cli('rules', '--json')));
  const texts = rules.map(({ subject, action }) => {
    const what = subject.kind === 'app' ? subject.id : subject.kind === 'exec' ? subject.path : '';
    return `${subject.kind} ${what}: ${action}`;
  });
  return texts.includes(wanted) ? true : null;
}

/** Puts an entry into a menu of the laptop; the folder that leads there. */
function installApp(home: VirtualHome): string {
  const dataDir = join(home.tempDir, 'share');
  mkdirSync(join(dataDir, 'applications'), { recursive: true });
  writeFileSync(
    join(dataDir, 'applications', `${APP.id}.desktop`),
    `[Desktop Entry]\nType=Application\nName=${APP.name}\nExec=/nowhere/fetcher\n`,
  );
  return dataDir;
}
