import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../src-control/index.ts';
import { daemonContract } from '../../src-shared/control/contract.ts';
import { areBothLinksUsable } from '../lab/daemons.ts';
import { carrier } from '../lab/faults.ts';
import { inHome } from '../lab/scene.ts';
import { startBrowser } from './browser.ts';
import { OpenWindow } from './window.ts';

/** From the daemon's event to the words in the window. */
const MOST_DELAY_MS = 100;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the window over a real daemon in a virtual home', () => {
  it('follows what happens and what is asked for', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const open = scene.use(await OpenWindow.open(browser, tunnel.laptop.socketPath));
      const { page } = open;
      const shows = (text: RegExp | string): Promise<void> => page.getByText(text).first().waitFor();
      await shows(/^Protected on /);

      scene.note('pull the cable of the carrying link');
      await page.evaluate(WATCH_HEADLINE);
      const told = toldOfSwitch(tunnel.laptop.socketPath);
      await told.isFollowing;
      const pulled = await carrier(scene.home, 'eth0');
      await shows(/^Switched to /);
      const seen = await page.evaluate<[number, string][]>('headlines');
      const toldAt = await told.at;
      for (const [at, text] of seen) scene.note(`${at - toldAt} ms after the event: ${text}`);
      const delayMs = (seen.find(([, text]) => text.startsWith('Switched to'))?.[0] ?? NaN) - toldAt;
      scene.report(`the switch was in the window ${delayMs} ms after the daemon's event`);
      expect(delayMs).toBeLessThanOrEqual(MOST_DELAY_MS);
      await pulled.undo();
      await tunnel.waitFor('both links again', areBothLinksUsable);

      scene.note('off and on');
      await page.getByRole('switch', { name: 'Protection' }).click();
      await tunnel.waitFor('off', ({ state }) => state === 'off');
      await page.getByRole('switch', { name: 'Protection' }).click();
      await tunnel.waitFor('protected', ({ state }) => state === 'protected');

      scene.note('priority and mode');
      await page.getByRole('button', { name: /^Priority of .*wlan0|^Priority of Wi-Fi/ }).click();
      await page.getByRole('menuitemradio', { name: /^Backup/ }).click();
      const isBackup = ({ links }: { links: readonly { name: string; priority: string }[] }): boolean =>
        links.some(({ name, priority }) => name === 'wlan0' && priority === 'backup');
      await tunnel.waitFor('the priority', isBackup);
      await open.show('settings');
      await page.getByRole('radio', { name: 'Redundant' }).click();
      await tunnel.waitFor('the mode', ({ mode }) => mode === 'redundant');
      await page.getByRole('radio', { name: 'Seamless' }).click();
      await tunnel.waitFor('the mode', ({ mode }) => mode === 'seamless');

      scene.note('the checks and the unplug test');
      await open.show('diagnostics');
      await page.getByRole('button', { name: 'Run the checks' }).click();
      await shows('box-reachable');
      await page.getByRole('button', { name: 'Start the test' }).click();
      await shows(/was taken away, .* took over$/);

      scene.note('kill the daemon and start it again');
      await tunnel.laptop.kill();
      await shows('Service not running');
      tunnel.laptop.start();
      await shows(/^Protected on |^Switched to /);

      scene.note('the box goes');
      await tunnel.box.kill();
      await shows('Box not reachable');
      tunnel.box.start();
      await tunnel.waitFor('protected', ({ state }) => state === 'protected');
      await shows(/^Protected on |^Switched to /);
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

/** Keeps every headline with the wall clock of the moment at which it was there. */
const WATCH_HEADLINE = `
  globalThis.headlines = [];
  const look = () => {
    const text = document.querySelector('header p').textContent;
    if (headlines.at(-1)?.[1] !== text) headlines.push([Date.now(), text]);
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  null
`;

/** When another client of the daemon is told of the next switch. */
function toldOfSwitch(socketPath: string): {
  readonly isFollowing: Promise<void>;
  readonly at: Promise<number>;
} {
  const client = new ControlClient({ contract: daemonContract, socketPath, programVersion: '0.1.0' });
  let begin = (): void => undefined;
  const isFollowing = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let before: string | null | undefined;
  const at = new Promise<number>((resolve) => {
    client.subscribe('status.changed', {
      onEvent: ({ lastSwitch }) => {
        const present = lastSwitch?.at ?? null;
        if (before === undefined) before = present;
        begin();
        if (present === before) return;
        resolve(Date.now());
        client.close();
      },
      onUnreachable: () => undefined,
    });
  });
  return { isFollowing, at };
}
