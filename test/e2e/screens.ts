/** `npm run screens`: pictures of every view and state, light and dark, into docs/screens. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { WindowServer } from '../../src-web-ui/window-server.ts';
import { FakeCables } from '../support/fake-cables.ts';
import { FakeWindowDaemon } from '../support/fake-window-daemon.ts';
import { startBrowser } from './browser.ts';
import { APP_SCENES } from './app-scenes.ts';
import { SCENES, type Scene } from './scenes.ts';

const PROJECT_DIR = new URL('../../', import.meta.url).pathname;

/** A minute of history is pressed into this many samples by a clock that is moved by hand. */
const FED_SECONDS = 150;

/** Longer than the longest change of colour. */
const SETTLE_MS = 450;

const THEMES = ['light', 'dark'] as const;
const SIZES = {
  wide: { width: 1040, height: 820 },
  narrow: { width: 380, height: 760 },
} as const;

/** Scenes that are also shown narrow. */
const NARROW = ['protected', 'timeline', 'apps', 'settings', 'setup-find', 'demo'];

async function main(): Promise<void> {
  const outDir = process.argv[2] ?? join(PROJECT_DIR, 'docs/screens');
  const only = process.argv[3];
  mkdirSync(outDir, { recursive: true });
  const browser = await startBrowser();
  try {
    for (const scene of [...SCENES, ...APP_SCENES].filter(
      ({ name }) => only === undefined || only.split(',').includes(name),
    )) {
      for (const theme of THEMES) {
        for (const [sizeName, viewport] of Object.entries(SIZES)) {
          if (sizeName === 'narrow' && !(NARROW.includes(scene.name) && theme === 'light')) continue;
          const context = await browser.newContext({
            colorScheme: theme,
            viewport,
            deviceScaleFactor: 1,
            locale: 'en-GB',
          });
          const suffix = sizeName === 'narrow' ? 'narrow' : theme;
          await photograph(await context.newPage(), scene, join(outDir, `${scene.name}-${suffix}.png`));
          await context.close();
        }
      }
      console.log(scene.name);
    }
  } finally {
    await browser.close();
  }
}

async function photograph(page: Page, scene: Scene, path: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bowline-screens-'));
  const socketPath = join(dir, 'daemon.sock');
  const daemon = new FakeWindowDaemon();
  // Pictures of the same scene are the same at any time of the day.
  const now = new Date(2026, 10, 24, 14, 2, 30).getTime();
  await page.clock.install({ time: now });
  scene.daemon?.(daemon, now);
  if (scene.daemon !== null) await daemon.start(socketPath);
  const cables = scene.cables === undefined ? undefined : new FakeCables(scene.cables);
  const server = await WindowServer.listen({
    windowDir: join(PROJECT_DIR, 'dist/window'),
    socketPath,
    version: '0.1.0',
    port: 0,
    ...(cables === undefined ? {} : { cables }),
    onAddressUsed: () => undefined,
  });
  try {
    await page.goto(server.address);
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    if (scene.view !== undefined) {
      await page.evaluate(`location.hash = '#/${scene.view}'`);
    }
    if (scene.isFed === true) await feed(page, daemon);
    else await page.clock.runFor(1_500);
    for (const name of scene.press ?? []) await page.getByRole('button', { name }).click();
    for (const words of scene.unfold ?? []) await page.locator('summary', { hasText: words }).click();
    await page.clock.runFor(600);
    await page.evaluate('document.fonts.ready.then(() => null)');
    // Changes of colour run on the browser's own clock.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await page.screenshot({ path });
  } finally {
    await server.close();
    await daemon.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Lets rates come and go, so that lines have something to show. */
async function feed(page: Page, daemon: FakeWindowDaemon): Promise<void> {
  const { status } = daemon;
  for (let second = 0; second < FED_SECONDS; second++) {
    const links = status.links.map((link, index) => {
      const wave = 0.72 + 0.2 * Math.sin(second / (9 + 4 * index)) + 0.08 * Math.sin(second * 1.7 + index);
      return {
        ...link,
        rxBitsPerSecond: link.rxBitsPerSecond * wave,
        txBitsPerSecond: link.txBitsPerSecond * wave,
        rttMicros: link.rttMicros === null ? null : link.rttMicros * (1.4 - wave * 0.5),
      };
    });
    daemon.become({ ...status, links });
    await page.clock.runFor(1_000);
  }
}

await main();
