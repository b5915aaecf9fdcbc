import { chmodSync, existsSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../src-control/index.ts';
import { daemonContract } from '../../src-shared/control/contract.ts';
import { describeSwitchCost } from '../../src-shared/view/describe-status.ts';
import { areBothLinksUsable, Tunnel } from '../lab/daemons.ts';
import { Elsewhere } from '../lab/desktop/elsewhere.ts';
import { carrier, everyCarrier } from '../lab/faults.ts';
import { LINK_NAMES } from '../lab/home-plan.ts';
import { bareBox, bareLaptop, relayThatSaysExpired, showCode, wrongCode } from '../lab/pairing-scene.ts';
import { Cables } from '../lab/roaming-cycle.ts';
import { inHome } from '../lab/scene.ts';
import { SharedCables } from '../lab/shared-cables.ts';
import { startBrowser } from './browser.ts';
import { ServedWindow } from './served-window.ts';
import { TrayWatch } from './tray-watch.ts';
import { enlargeText, OpenWindow } from './window.ts';

/** From the daemon's event to the words in the window. */
const MOST_DELAY_MS = 100;

const BOX_ADDRESS = '192.168.77.1';
const GUEST_ADDRESS = '192.168.77.30';

/** 63 characters, and no place to break. */
const LONGEST_NAME = 'box-with-a-name-'.repeat(4).slice(0, 63);

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
      await untilCableCarries(tunnel);
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

      scene.note('the timeline and the graphs');
      await open.show('timeline');
      await shows(/ lost its cable or signal; .* took over/);
      await page.getByRole('img', { name: /^Bands of the links over time, with [1-9]/ }).waitFor();
      await open.show('graphs');
      for (const title of ['Rate', 'Delay', 'Loss']) {
        await page.getByRole('img', { name: MEASURED_ON_BOTH(title) }).waitFor();
      }

      scene.note('both links go');
      const bothOut = await everyCarrier(scene.home);
      await shows('No link');
      await bothOut.undo();
      await tunnel.waitFor('both links again', areBothLinksUsable);

      scene.note('off and on');
      await page.getByRole('switch', { name: 'Protection' }).click();
      await tunnel.waitFor('off', ({ state }) => state === 'off');
      await page.getByRole('switch', { name: 'Protection' }).click();
      await tunnel.waitFor('protected', ({ state }) => state === 'protected');

      scene.note('priority and mode');
      await open.show('overview');
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

describe('the window of a laptop that is taken away', () => {
  it('says so once, asks for nothing, and is protected again by itself', async () => {
    await inHome({}, async (scene) => {
      const elsewhere = await Elsewhere.build(scene);
      const tunnel = await scene.tunnel();
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      const open = scene.use(await OpenWindow.open(browser, tunnel.laptop.socketPath));
      const tray = scene.use(new TrayWatch(tunnel.laptop.socketPath));
      const { page } = open;
      const headline = page.locator('header p').first();
      await headline.getByText(/^Protected on /).waitFor();
      await page.evaluate(WATCH_HEADLINE);

      await elsewhere.arrive();
      const unplugged = await carrier(scene.home, 'eth0');
      await headline.getByText('Away from home').waitFor();
      await page.getByText('Internet is direct; Bowline resumes at home').first().waitFor();
      expect(await page.getByRole('switch', { name: 'Protection' }).isChecked(), 'still wanted').toBe(true);
      expect(tray.latest).toEqual({ shape: 'pin', headline: 'Away from home' });
      // Longer than the window waits between two announcements.
      await scene.pause('away', 4_000);

      await elsewhere.goHome();
      await headline.getByText(/^(Protected on|Switched to) Wi-Fi$/).waitFor();
      await scene.until('the tray', () => (tray.latest?.shape === 'one-bar' ? true : null));
      const [headlines, announced] =
        await page.evaluate<[[number, string][], string[]]>('[headlines, announced]');
      for (const [at, text] of headlines) scene.note(`${new Date(at).toISOString()} ${text}`);
      scene.note(`announced: ${announced.join(' | ')}`);
      expect(announced.filter((text) => text.startsWith('Away from home'))).toHaveLength(1);
      expect(headlines.map(([, text]) => text)).not.toContain('Box not reachable');
      expect(tray.concerns, 'notifications of trouble').toEqual([]);
      expect(await page.getByRole('alert').count()).toBe(0);
      await unplugged.undo();
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

describe('the window of a laptop with 20 links, and a box with the longest name that there is', () => {
  it('fits its place, however the page is written and read', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const others = Array.from({ length: 18 }, (_, index) => `enx02b0000000${10 + index}`);
      await home.ip(
        'laptop',
        ...others.flatMap((name, index) => [
          `link add ${name} type veth peer name peer${index}`,
          `link set dev peer${index} up`,
          `addr add 10.9.${index}.2/24 dev ${name}`,
          `link set dev ${name} up`,
        ]),
      );
      const box = scene.use(bareBox(home, 'box', false, null, LONGEST_NAME));
      const laptop = scene.use(bareLaptop(home, null, [...LINK_NAMES, ...others]));
      const tunnel = new Tunnel(box, laptop);
      await tunnel.waitFor('an answer', () => true);
      await tunnel.cli('pair', '--code', (await showCode(box)).code, '--box', BOX_ADDRESS);
      await tunnel.waitFor('both links', areBothLinksUsable);

      const open = scene.use(await OpenWindow.open(browser, laptop.socketPath, { reducedMotion: 'reduce' }));
      const { page } = open;
      const overflow: Record<string, number> = {};
      for (const [how, change] of Object.entries(APPEARANCES)) {
        scene.note(how);
        await change(page);
        for (const view of ['overview', 'timeline', 'graphs', 'settings']) {
          await open.show(view);
          overflow[`${view}, ${how}`] = await open.sidewaysOverflow();
        }
        await open.show('overview');
        expect(await page.getByRole('button', { name: /^Priority of / }).count(), how).toBe(20);
      }
      await page.getByText(LONGEST_NAME).first().waitFor();
      expect(overflow).toEqual(Object.fromEntries(Object.keys(overflow).map((place) => [place, 0])));
      expect(await open.axeViolations()).toEqual([]);
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

describe('the window of a user who may not talk to the daemon', () => {
  it('says that permission is needed, and what gives it', async () => {
    await inHome({}, async (scene) => {
      const laptop = scene.use(bareLaptop(scene.home));
      await scene.until('the daemon', () => (existsSync(laptop.socketPath) ? true : null));
      // The way to the socket is open, so that what is missing is the permission of the socket itself.
      chmodSync(scene.home.tempDir, 0o755);
      const stranger = scene.use(await ServedWindow.start(laptop.socketPath, AS_NOBODY));
      const page = await browser.newPage();
      await page.goto(stranger.address);
      await page.getByText('Permission needed').first().waitFor();
      await page
        .getByText(/usermod -aG bowline/)
        .first()
        .waitFor();
      await page.evaluate(`location.hash = '#/setup'`);
      await page.getByText('Step 2 of 5').waitFor();
      await page.close();
    });
  });
});

describe('the window of a virtual home', () => {
  it('pulls cables, and shows what that did to the programs', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const cables = new SharedCables(new Cables(scene.home));
      const open = scene.use(
        await OpenWindow.open(browser, tunnel.laptop.socketPath, { cables, view: 'demo' }),
      );
      const { page } = open;
      const isOn =
        (link: string) =>
        (status: { readonly carrying: readonly string[] }): boolean =>
          status.carrying[0] === link;
      await page.getByRole('button', { name: 'Pull Ethernet out' }).waitFor();
      const before = await tunnel.waitFor('both links', areBothLinksUsable);
      const [first, other] = before.carrying[0] === 'eth0' ? ['eth0', 'wlan0'] : ['wlan0', 'eth0'];
      const name = { eth0: 'Ethernet', wlan0: 'Wi-Fi' } as Record<string, string>;
      await page.getByRole('button', { name: `Pull ${name[first]} out` }).press('Enter');
      await tunnel.waitFor('the other link', isOn(other));
      await page.getByText(`gap from ${name[first]} to ${name[other]}`).waitFor();
      await page.getByRole('button', { name: `Put ${name[first]} back` }).click();
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await page
        .getByRole('radiogroup', { name: `What happens to ${name[other]}` })
        .getByText('Silent')
        .click();
      await tunnel.waitFor('the first link', isOn(first));
      expect((await tunnel.status())?.counters.packetsLost).toBe(0);
      await cables.apply(other, 'up');
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

describe('the window on a laptop that knows no box', () => {
  it('leads from nothing to protected, with the code that the box shows', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      await home.addGuest();
      const box = scene.use(bareBox(home, 'box', true));
      const laptop = bareLaptop(home);
      const tunnel = new Tunnel(box, laptop);
      scene.use(laptop);
      await laptop.kill();
      const open = scene.use(await OpenWindow.open(browser, laptop.socketPath));
      const { page } = open;
      const button = (name: RegExp | string): Locator => page.getByRole('button', { name });
      const says = (text: RegExp | string): Promise<void> => page.getByText(text).first().waitFor();
      const codeField = page.getByLabel('Code', { exact: true });

      scene.note('without a service, the window says so and waits');
      await says('Service not running');
      await page.evaluate(`location.hash = '#/setup'`);
      await says('Step 1 of 5');
      laptop.start();
      await says('Step 3 of 5');

      scene.note('a box whose code has expired, found by its address');
      scene.use(await relayThatSaysExpired(home, 'guest', BOX_ADDRESS));
      const first = await showCode(box);
      await button('Enter an address instead').click();
      await page.keyboard.type(GUEST_ADDRESS);
      await page.keyboard.press('Enter');
      await says('Step 4 of 5');
      await page.keyboard.type(first.code);
      await page.keyboard.press('Enter');
      await says('The code has expired. Ask the box for a new one.');
      await button('Back').click();

      scene.note('the box itself, found by its announcement');
      await scene.until('the box in the list', async () => {
        if (await button(/^box-box/).isVisible()) return true;
        await button('Look again').click();
        await button('Look again').waitFor();
        return null;
      });
      const shown = await showCode(box);
      await button(/^box-box/).click();
      scene.note('a wrong code, then the right one');
      await codeField.fill(wrongCode(shown));
      await page.keyboard.press('Enter');
      await says('The code is not the one that the box shows.');
      expect(await codeField.inputValue()).toBe('');
      const startedAt = Date.now();
      await codeField.pressSequentially(`${shown.code.slice(0, 4)} ${shown.code.slice(4)}`);
      await button('Pair').click();
      await page.getByRole('heading', { name: 'Unplug the cable now' }).waitFor();
      const status = await tunnel.waitFor('both links', areBothLinksUsable);
      scene.report(`from the code to both links: ${Date.now() - startedAt} ms`);
      expect(status.box?.fingerprint).toBe(shown.fingerprint);

      scene.note('the proof');
      await says('Waiting for the cable');
      await untilCableCarries(tunnel);
      const pulled = await carrier(home, 'eth0');
      await says('Wi-Fi took over, and every connection lived on.');
      const { lastSwitch } = await tunnel.waitFor('the switch', (now) => now.lastSwitch !== null);
      expect(await page.getByText(/ ms gap, /).textContent()).toContain(describeSwitchCost(lastSwitch!));
      await button('Finish').click();
      await says(/^Protected on Wi-Fi|^Switched to Wi-Fi/);
      await pulled.undo();
      expect(open.complaints, 'errors of the page').toEqual([]);
    });
  });
});

/** A busy machine may let Wi-Fi carry for a moment; the cable takes over again. */
async function untilCableCarries(tunnel: Tunnel): Promise<void> {
  await tunnel.waitFor('the cable to carry', ({ carrying }) => carrying.join() === 'eth0');
}

/** Runs a command as nobody: in no group, owner of nothing, known to no daemon. */
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

/** What a chart says of itself once both links were measured. */
const MEASURED_ON_BOTH = (title: string): RegExp =>
  new RegExp(`^${title}, the last 5 minutes\\. Latest: Ethernet \\d.*, Wi-Fi \\d`);

/** How a page may be written and read; each adds to those before it. */
const APPEARANCES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'as usual': () => Promise.resolve(),
  'at 380 px': (page) => page.setViewportSize({ width: 380, height: 760 }),
  'from right to left': (page) => page.evaluate(`document.documentElement.dir = 'rtl'`),
  'with text of twice the size': (page) => enlargeText(page),
};

/** Keeps every headline with the wall clock of the moment at which it was there, and what readers are told. */
const WATCH_HEADLINE = `
  globalThis.headlines = [];
  globalThis.announced = [];
  const look = () => {
    const text = document.querySelector('header p').textContent;
    if (headlines.at(-1)?.[1] !== text) headlines.push([Date.now(), text]);
    const told = document.querySelector('header [role=status]').textContent;
    if (announced.at(-1) !== told) announced.push(told);
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
