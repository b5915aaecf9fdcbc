import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readRulesFile } from '../../src-shared/model/rules-file.ts';
import { installedApp } from '../support/fake-apps.ts';
import { FakeWindowDaemon } from '../support/fake-window-daemon.ts';
import { protectedStatus } from '../support/status.ts';
import { fillWithApps } from './app-scenes.ts';
import { startBrowser } from './browser.ts';
import { enlargeText, OpenWindow } from './window.ts';

const NARROW = { viewport: { width: 380, height: 760 } };

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('the view of apps in a browser', () => {
  let dir: string;
  let daemon: FakeWindowDaemon;
  let open: OpenWindow | null;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bowline-apps-'));
    daemon = new FakeWindowDaemon();
    daemon.status = protectedStatus();
    open = null;
    await daemon.start(join(dir, 'daemon.sock'));
  });
  afterEach(async () => {
    await open?.[Symbol.asyncDispose]();
    await daemon.stop();
    rmSync(dir, { recursive: true });
  });
  const show = async (options: Parameters<typeof OpenWindow.open>[2] = {}): Promise<OpenWindow> => {
    open = await OpenWindow.open(browser, join(dir, 'daemon.sock'), {
      view: 'apps',
      reducedMotion: 'reduce',
      ...options,
    });
    await open.page.getByRole('heading', { name: 'More rules' }).waitFor();
    return open;
  };
  const callsOf = (method: string): unknown[] =>
    daemon.calls.filter((call) => call.method === method).map(({ params }) => params);

  it('holds 400 apps, asks for the pictures of those in view only, and is passed by keyboard', async () => {
    fillWithApps(daemon.apps, 400);
    const { page, complaints } = await show();
    await page.locator('img').first().waitFor();
    expect(await page.locator('[data-row]').count()).toBe(404);
    // Those in view and a little ahead: a screen has room for some thirty.
    await page.locator('img').nth(5).waitFor();
    expect(callsOf('apps.icon').length).toBeLessThan(60);

    await page.getByRole('searchbox').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Way of Backups: Only over Ethernet');
    for (const key of ['Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab']) {
      await page.keyboard.press(key);
      if ((await focused(page)).startsWith('Way of Backups 2')) break;
    }
    expect(await focused(page), 'the long list, after what stands beside the first').toBe(
      'Way of Backups 2: Automatic',
    );
    await page.keyboard.press('End');
    expect(await focused(page)).toMatch(/^Way of Web Browser 20: /);
    expect(await page.locator(':focus').isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByRole('menuitemradio', { name: /^Beside the tunnel/ }).click();
    await page.getByRole('button', { name: 'Way of Web Browser 20: Beside the tunnel' }).waitFor();
    expect(callsOf('rules.add')).toHaveLength(1);

    await page.getByRole('searchbox').fill('terminal 20');
    await page.getByText('1 app', { exact: true }).waitFor();
    expect(complaints, 'errors of the page, breaches of its rules').toEqual([]);
  });

  it('tells a screen reader at each stop what a rule does and what it lacks, also where the app is gone', async () => {
    fillWithApps(daemon.apps, 400);
    const { page } = await show();
    await page.getByRole('searchbox').focus();
    const heard = await readAlong(page, [
      'Tab',
      'Tab',
      'ArrowDown',
      'ArrowDown',
      'ArrowDown',
      'ArrowDown',
      'ArrowDown',
    ]);
    expect(heard).toContain(
      'button, Way of Backups: Only over Ethernet, Beside the tunnel over Ethernet alone; waits while that is away',
    );
    expect(heard.join('\n')).toMatch(
      /^button, Way of Video Calls: Every packet twice, .*Restart to apply: 2 processes keep their old way/m,
    );
    expect(heard.at(-1)).toBe('button, Way of Web Browser: Automatic, ');
    await page.getByRole('button', { name: 'Add rule' }).focus();
    expect(await readAlong(page, ['Tab', 'Tab', 'Enter'])).toEqual([
      'button, Way of org.example.OldPlayer: Beside the tunnel, ' +
        "On this laptop's own connection. A lost link ends what goes over it Without effect: the app is not installed any more",
      'button, Remove the rule of org.example.OldPlayer, ',
      expect.stringMatching(/^button, Remove the rule of /),
    ]);
    expect(callsOf('rules.remove')).toEqual([{ id: 'r6' }]);
  });

  it('adds a rule by the keyboard, and Escape adds none', async () => {
    const { page } = await show();
    await page.getByRole('button', { name: 'Add rule' }).click();
    await untilFieldHasFocus(page);
    await page.keyboard.type('/usr/bin/rsync');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('button:focus', { hasText: 'Add rule' }).waitFor();
    await page.keyboard.press('Enter');
    await untilFieldHasFocus(page);
    await page.keyboard.type('/usr/bin/rsync');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove the rule of /usr/bin/rsync' }).waitFor();
    expect(callsOf('rules.add')).toEqual([
      { subject: { kind: 'exec', path: '/usr/bin/rsync' }, action: 'direct' },
    ]);
  });

  it('hands rules out as a file and takes them back, and leaves all as it is for a bad one', async () => {
    fillWithApps(daemon.apps);
    const before = daemon.apps.rules.map(({ subject, action }) => ({ subject, action }));
    const { page, complaints } = await show();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('bowline-rules.json');
    const text = readFileSync(await download.path(), 'utf8');
    expect(readRulesFile(text)).toEqual({ ok: true, value: before });

    const bad = join(dir, 'bad.json');
    writeFileSync(bad, text.slice(0, -20));
    await choose(page, bad);
    await page.getByText('bad.json is not JSON. Nothing was changed').waitFor();
    daemon.apps.rules = daemon.apps.rules.slice(0, 1);
    const good = join(dir, 'good.json');
    writeFileSync(good, text);
    await choose(page, good);
    await page.getByRole('button', { name: 'Replace' }).click();
    await page.getByText(`${before.length} rules were imported`).waitFor();
    expect(callsOf('rules.replace')).toEqual([{ rules: before }]);
    expect(complaints, 'errors of the page, breaches of its rules').toEqual([]);
  });

  const longName = 'An app with a name that goes on '.repeat(9).slice(0, 280);
  it.each([
    ['a wide window', {}, ''],
    ['the dark theme', { colorScheme: 'dark' }, ''],
    ['380 px', NARROW, ''],
    ['text of twice the size at 380 px', NARROW, 'large'],
    ['writing from right to left', {}, 'rtl'],
    ['right to left at 380 px', NARROW, 'rtl'],
    ['forced colours', { forcedColors: 'active' }, ''],
  ] as const)('fits its place and gives axe nothing to say: %s', async (_name, options, how) => {
    fillWithApps(daemon.apps);
    daemon.apps.apps = [...daemon.apps.apps, installedApp(longName, { id: 'x'.repeat(200), processes: 1 })];
    daemon.apps.missing = ['cgroup2', 'proc-connector'];
    const window = await show(options);
    const { page } = window;
    if (how === 'rtl') await page.evaluate(`document.documentElement.dir = 'rtl'`);
    if (how === 'large') await enlargeText(page);
    expect(await window.sidewaysOverflow()).toBe(0);
    expect(await window.axeViolations()).toEqual([]);
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByRole('dialog').getByText('Network').click();
    expect(await window.sidewaysOverflow()).toBe(0);
    expect(await window.axeViolations()).toEqual([]);
  });
});

async function focused(page: Page): Promise<string> {
  return page.evaluate(
    `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? ''`,
  );
}

/** Presses keys, and says after each what the browser tells a screen reader of the place: role, name, description. */
async function readAlong(page: Page, keys: readonly string[]): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const heard: string[] = [];
  for (const key of keys) {
    await page.keyboard.press(key);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const place = nodes.findLast(({ properties }) =>
      properties?.some(({ name, value }) => name === 'focused' && value.value === true),
    );
    heard.push(
      [place?.role, place?.name, place?.description].map((part) => String(part?.value ?? '')).join(', '),
    );
  }
  await session.detach();
  return heard;
}

async function untilFieldHasFocus(page: Page): Promise<void> {
  await page.getByRole('dialog').getByRole('textbox').and(page.locator(':focus')).waitFor();
}

async function choose(page: Page, path: string): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Import ...' }).click(),
  ]);
  await chooser.setFiles(path);
}
