/**
 * `npm run screens`: pictures of every view and state, light and dark, into docs/screens. For a look at what is not
 * stored there: `-- --language de --narrow FOLDER SCENE...` takes German ones, and each scene narrow too.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { windowTextsOf } from '../../src-shared/i18n/window-texts.ts';
import type { Language } from '../../src-shared/i18n/wording.ts';
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

const LOCALES = { en: 'en-GB', de: 'de-DE' } as const satisfies Record<Language, string>;

/** Scenes that are always shown narrow too. */
const NARROW = ['protected', 'timeline', 'apps', 'settings', 'setup-find', 'demo'];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { language: { type: 'string', default: 'en' }, narrow: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const { language } = values;
  if (language !== 'en' && language !== 'de') throw new Error(`--language is en or de, not ${language}`);
  const [
    outDir = join(PROJECT_DIR, language === 'en' ? 'docs/screens' : `dist/screens-${language}`),
    ...only
  ] = positionals;
  mkdirSync(outDir, { recursive: true });
  const browser = await startBrowser();
  try {
    for (const scene of [...SCENES, ...APP_SCENES]) {
      if (only.length > 0 && !only.includes(scene.name)) continue;
      for (const theme of THEMES) {
        for (const [sizeName, viewport] of Object.entries(SIZES)) {
          const isWanted = theme === 'light' && (values.narrow || NARROW.includes(scene.name));
          if (sizeName === 'narrow' && !isWanted) continue;
          const context = await browser.newContext({
            colorScheme: theme,
            viewport,
            deviceScaleFactor: 1,
            locale: LOCALES[language],
          });
          const suffix = sizeName === 'narrow' ? 'narrow' : theme;
          const path = join(outDir, `${scene.name}-${suffix}.png`);
          await photograph(await context.newPage(), scene, language, path);
          await context.close();
        }
      }
      console.log(scene.name);
    }
  } finally {
    await browser.close();
  }
}

async function photograph(page: Page, scene: Scene, language: Language, path: string): Promise<void> {
  const t = windowTextsOf(language);
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
    for (const name of scene.press?.(t) ?? []) await page.getByRole('button', { name }).click();
    if (scene.isUnfolded === true) {
      for (const part of await page.locator('summary', { hasText: t.details }).all()) await part.click();
    }
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
