import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { controlError } from '../../src-shared/control/error.ts';
import { windowTextsOf } from '../../src-shared/i18n/window-texts.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import { FakeCables } from '../support/fake-cables.ts';
import { FakeWindowDaemon } from '../support/fake-window-daemon.ts';
import { linkStatus, offStatus, protectedStatus } from '../support/status.ts';
import { startBrowser } from './browser.ts';
import { sampleTimeline, SCENES } from './scenes.ts';
import { enlargeText, OpenWindow } from './window.ts';

const WINDOW_DIR = new URL('../../dist/window/', import.meta.url).pathname;

/** What the window may weigh, compressed, with its font. */
const BUDGET_BYTES = 350 * 1024;

/** Stands for a change that only the browser can make. */
const LARGE_TEXT = 'large text';

const VIEWS = ['overview', 'timeline', 'graphs', 'apps', 'settings', 'diagnostics'];

type OpenOptions = NonNullable<Parameters<typeof OpenWindow.open>[2]>;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the window in a browser', () => {
  let dir: string;
  let daemon: FakeWindowDaemon;
  let open: OpenWindow | null;
  const socketPath = (): string => join(dir, 'daemon.sock');

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bowline-window-'));
    daemon = new FakeWindowDaemon();
    open = null;
    await daemon.start(socketPath());
  });
  afterEach(async () => {
    await open?.[Symbol.asyncDispose]();
    await daemon.stop();
    rmSync(dir, { recursive: true });
  });
  const openWindow = async (options: OpenOptions = {}): Promise<OpenWindow> => {
    open = await OpenWindow.open(browser, socketPath(), options);
    return open;
  };

  it('switches protection on and off', async () => {
    const { page } = await openWindow();
    await page.getByRole('switch', { name: 'Protection' }).click();
    await page.getByText('Protected on Ethernet').first().waitFor();
    await page.getByRole('switch', { name: 'Protection' }).click();
    await page.getByText('Off', { exact: true }).first().waitFor();
    expect(daemon.calls.map(({ params }) => params)).toEqual([{ wanted: true }, { wanted: false }]);
  });

  it('goes on by itself when the daemon went and came back', async () => {
    daemon.status = protectedStatus();
    const { page } = await openWindow();
    await page.getByText('Protected on Ethernet').first().waitFor();
    await daemon.stop();
    await page.getByText('Service not running').first().waitFor();
    daemon.status = offStatus();
    await daemon.start(socketPath());
    await page.getByText("Internet uses this laptop's own connection").waitFor();
  });

  it('is let in again after a reload, and keeps its view', async () => {
    const { page } = await openWindow({ view: 'settings' });
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  });

  it('leaves no token in the address', async () => {
    const { page } = await openWindow();
    expect(new URL(page.url()).hash).toBe('');
  });

  it('says that the address was used when it is opened a second time', async () => {
    const { page, server } = await openWindow();
    const used = `${new URL(page.url()).origin}/#${'x'.repeat(24)}`;
    const second = await browser.newPage();
    await second.goto(used);
    await second.getByRole('heading', { name: 'This address cannot be used any more' }).waitFor();
    await second.goto('about:blank');
    await second.goto(server.address);
    await second.getByRole('switch', { name: 'Protection' }).waitFor();
    await second.close();
  });

  it('reaches every control by the keyboard alone', async () => {
    daemon.status = protectedStatus();
    const { page } = await openWindow();
    await page.getByRole('button', { name: 'Priority of Wi-Fi: Automatic' }).waitFor();
    const reached: string[] = [];
    for (let press = 0; press < 14; press++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(
          `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent`,
        ),
      );
    }
    for (const name of [
      'Timeline',
      'Diagnostics',
      'Priority of Ethernet: Automatic',
      'Priority of Wi-Fi: Automatic',
      'Show all',
    ]) {
      expect(reached).toContain(name);
    }
    await page.getByRole('button', { name: 'Priority of Wi-Fi: Automatic' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('[role=menuitemradio]:focus').waitFor();
    await page.keyboard.press('End');
    await page.locator('[role=menuitemradio]:focus', { hasText: 'Never' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Priority of Wi-Fi: Never' }).waitFor();
    await page.getByRole('link', { name: 'Graphs' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('h1:focus', { hasText: 'Graphs' }).waitFor();
  });

  it('lets the curves shrink with the window', async () => {
    daemon.status = protectedStatus();
    const window = await openWindow({ view: 'graphs', reducedMotion: 'reduce' });
    await window.page.locator('canvas').first().waitFor();
    for (const width of [1400, 1040, 700, 380]) {
      await window.page.setViewportSize({ width, height: 820 });
      expect(await window.sidewaysOverflow(), `at ${width} pixels`).toBe(0);
    }
  });

  it('begins each view at its top, and keeps what went wrong in sight', async () => {
    daemon.status = protectedStatus();
    const { page } = await openWindow({ viewport: { width: 1040, height: 400 }, reducedMotion: 'reduce' });
    await page.evaluate('window.scrollTo(0, 300)');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.locator('h1:focus', { hasText: 'Settings' }).waitFor();
    expect(await page.evaluate('window.scrollY')).toBe(0);
    daemon.unpairRefusal = controlError('NOT_POSSIBLE_NOW', 'the box was given by hand');
    await page.getByRole('button', { name: 'Unpair ...' }).click();
    await page.getByRole('button', { name: 'Unpair', exact: true }).click();
    const notice = page.getByRole('alert').filter({ hasText: 'the box was given by hand' });
    await notice.waitFor();
    const [box, bar] = [await notice.boundingBox(), await page.getByRole('navigation').boundingBox()];
    expect(await page.evaluate('window.scrollY')).toBeGreaterThan(0);
    expect(box!.y, 'below the navigation').toBeGreaterThanOrEqual(bar!.y + bar!.height);
    expect(box!.y + box!.height, 'in sight').toBeLessThanOrEqual(400);
  });

  it.each(['light', 'dark'] as const)(
    'gives axe nothing to say about any view in the %s theme',
    async (colorScheme) => {
      daemon.status = protectedStatus();
      daemon.timeline = sampleTimeline(Date.now());
      const window = await openWindow({ colorScheme, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      for (const view of VIEWS) {
        await window.show(view);
        found[view] = await window.axeViolations();
      }
      expect(found).toEqual(Object.fromEntries(VIEWS.map((view) => [view, []])));
      expect(window.complaints, 'errors of the page').toEqual([]);
    },
  );

  it.each(SCENES.filter(({ name }) => name.startsWith('setup')).map((scene) => [scene.name, scene] as const))(
    'gives axe nothing to say about %s',
    async (_name, scene) => {
      scene.daemon?.(daemon, Date.now());
      const window = await openWindow({ reducedMotion: 'reduce' });
      if (scene.view !== undefined) await window.page.evaluate(`location.hash = '#/${scene.view}'`);
      for (const name of scene.press?.(windowTextsOf('en')) ?? [])
        await window.page.getByRole('button', { name }).click();
      await window.page.getByText(/^Step \d of 5$/).waitFor();
      expect(await window.axeViolations()).toEqual([]);
      expect(await window.sidewaysOverflow()).toBe(0);
    },
  );

  it.each(['ltr', 'rtl'] as const)(
    'has plugs to drag out and back in a virtual home, written %s',
    async (dir) => {
      daemon.status = protectedStatus();
      const cables = new FakeCables();
      const { page } = await openWindow({ cables, reducedMotion: 'reduce' });
      await page.getByRole('link', { name: 'Demo' }).click();
      await page.evaluate(`document.documentElement.dir = '${dir}'`);
      const away = dir === 'ltr' ? 1 : -1;
      const plug = (name: string): Locator => page.getByRole('button', { name });
      await drag(page, plug('Pull Ethernet out'), 15 * away);
      expect(cables.conditions, 'let go near the socket, it slips back').toEqual({ eth0: 'up', wlan0: 'up' });
      await drag(page, plug('Pull Ethernet out'), -60 * away);
      expect(cables.conditions, 'pushed in further').toEqual({ eth0: 'up', wlan0: 'up' });
      await drag(page, plug('Pull Ethernet out'), 60 * away);
      await plug('Put Ethernet back').waitFor();
      expect(cables.conditions).toEqual({ eth0: 'carrier-lost', wlan0: 'up' });
      await drag(page, plug('Put Ethernet back'), -60 * away);
      await plug('Pull Ethernet out').waitFor();
      await plug('Pull Wi-Fi out').click();
      await plug('Put Wi-Fi back').waitFor();
      expect(cables.conditions).toEqual({ eth0: 'up', wlan0: 'carrier-lost' });
    },
  );

  it('pulls cables by the keyboard, and tells every window', async () => {
    daemon.status = protectedStatus();
    const cables = new FakeCables();
    const window = await openWindow({
      cables,
      viewport: { width: 380, height: 760 },
      reducedMotion: 'reduce',
    });
    const { page, server } = window;
    const second = await browser.newPage();
    await second.goto(server.address);
    await second.getByRole('link', { name: 'Demo' }).click();
    await window.show('demo');
    await page.getByRole('button', { name: 'Pull Ethernet out' }).focus();
    await page.keyboard.press('Enter');
    for (const each of [page, second])
      await each.getByRole('button', { name: 'Put Ethernet back' }).waitFor();
    await page.keyboard.press('Tab');
    await page.locator('[role=radio]:focus', { hasText: 'Pulled out' }).waitFor();
    // A finger stays on a key longer than a script does; the choice follows the focus while it is down.
    await page.keyboard.down('ArrowRight');
    await page.locator('[role=radio]:focus', { hasText: 'Silent' }).waitFor();
    await page.keyboard.up('ArrowRight');
    await second.getByText('The link looks connected, but nothing passes').waitFor();
    expect(cables.conditions).toEqual({ eth0: 'silent', wlan0: 'up' });
    await second.close();
    expect(await window.axeViolations()).toEqual([]);
    expect(await window.sidewaysOverflow()).toBe(0);
    expect(window.complaints, 'errors of the page').toEqual([]);
  });

  it('has no view of cables where there is no virtual home', async () => {
    const { page } = await openWindow({ view: 'settings' });
    await page.evaluate(`location.hash = '#/demo'`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor({ state: 'attached' });
    expect(await page.getByRole('link', { name: 'Demo' }).count()).toBe(0);
  });

  const crowd = Array.from({ length: 20 }, (_, index) =>
    linkStatus(`enx${index}a2b3c4d5e6`.slice(0, 15), { kind: index % 2 === 0 ? 'usb' : 'other' }),
  );
  const LONG = 'box-with-a-name-'.repeat(13).slice(0, 200);
  const longNames = protectedStatus({
    box: { name: LONG, address: '[fd12:3456:789a:1:2:3:4:5]:4747', fingerprint: 'ab12-cd34-ef56-7890' },
  });
  it.each([
    ['380 px', { viewport: { width: 380, height: 760 } }, protectedStatus(), ''],
    ['20 links', {}, protectedStatus({ links: crowd }), ''],
    ['20 links at 380 px', { viewport: { width: 380, height: 760 } }, protectedStatus({ links: crowd }), ''],
    ['names of 200 characters at 380 px', { viewport: { width: 380, height: 760 } }, longNames, ''],
    ['text of twice the size', { viewport: { width: 760, height: 900 } }, protectedStatus(), LARGE_TEXT],
    [
      'text of twice the size at 380 px',
      { viewport: { width: 380, height: 900 } },
      protectedStatus(),
      LARGE_TEXT,
    ],
    ['writing from right to left', {}, protectedStatus(), 'document.documentElement.dir = "rtl"'],
    [
      'right to left at 380 px',
      { viewport: { width: 380, height: 760 } },
      protectedStatus(),
      'document.documentElement.dir = "rtl"',
    ],
    ['forced colours', { forcedColors: 'active' }, protectedStatus(), ''],
  ] as const)('fits its place with %s, in every view', async (_name, options, status, script) => {
    daemon.status = status;
    daemon.timeline = sampleTimeline(Date.now());
    const window = await openWindow({ ...options, reducedMotion: 'reduce' });
    if (script === LARGE_TEXT) await enlargeText(window.page);
    else if (script !== '') await window.page.evaluate(script);
    const overflow: Record<string, number> = {};
    for (const view of VIEWS) {
      await window.show(view);
      overflow[view] = await window.sidewaysOverflow();
    }
    expect(overflow).toEqual(Object.fromEntries(VIEWS.map((view) => [view, 0])));
    expect(await window.axeViolations()).toEqual([]);
  });

  it('moves nothing while no traffic flows', async () => {
    const links = (bitsPerSecond: number): readonly LinkStatus[] => [
      linkStatus('eth0', { state: 'carrying', rxBitsPerSecond: bitsPerSecond }),
      linkStatus('wlan0'),
    ];
    daemon.status = protectedStatus({ links: [...links(900)] });
    const { page } = await openWindow();
    const endless = (): Promise<number> =>
      page.evaluate(
        `document.getAnimations().filter((one) => one.effect.getTiming().iterations === Infinity).length`,
      );
    await page.getByText('900 bit/s').first().waitFor();
    expect(await endless()).toBe(0);
    daemon.become(protectedStatus({ links: [...links(5e6)] }));
    await page.getByText('5 Mbit/s').first().waitFor();
    expect(await endless()).toBe(1);
  });

  it('is there within a second of its script', async () => {
    const { page } = await openWindow();
    const readyMs: number[] = [];
    // Three times, since a pause of the machine is none of the window's.
    for (let turn = 0; turn < 3; turn++) {
      await page.reload();
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
      readyMs.push(await page.evaluate<number>(FIRST_PAINT));
    }
    expect(Math.min(...readyMs)).toBeLessThan(1_000);
  });
});

/** Tells when the page showed something first, also if that is yet to come. */
const FIRST_PAINT = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const paint = list.getEntries().find(({ name }) => name === 'first-contentful-paint');
    if (paint !== undefined) resolve(paint.startTime);
  }).observe({ type: 'paint', buffered: true });
})`;

/** Drags something sideways with the mouse, by so many pixels. */
async function drag(page: Page, what: Locator, byPx: number): Promise<void> {
  const place = await what.boundingBox();
  if (place === null) throw new Error('what is to be dragged is not to be seen');
  const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + byPx / 2, y);
  await page.mouse.move(x + byPx, y);
  await page.mouse.up();
}

describe('the built window', () => {
  it('weighs no more than it may', () => {
    const sizes = readdirSync(WINDOW_DIR, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name))).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUDGET_BYTES);
  });
});
