import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { HomeCables } from '../../src-web-ui/home-cables.ts';
import { WindowServer } from '../../src-web-ui/window-server.ts';

const PROJECT_DIR = new URL('../../', import.meta.url).pathname;

const AXE_FILE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The built window in a page of its own, over the server of `bowline ui`. Dispose closes both. */
export class OpenWindow implements AsyncDisposable {
  readonly page: Page;
  readonly server: WindowServer;
  /** What the page said that it should not have: errors, and refusals by its own rules. */
  readonly complaints: string[] = [];

  private constructor(page: Page, server: WindowServer) {
    this.page = page;
    this.server = server;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    socketPath: string,
    options: BrowserContextOptions & { readonly view?: string; readonly cables?: HomeCables } = {},
  ): Promise<OpenWindow> {
    const { view, cables, ...contextOptions } = options;
    const server = await WindowServer.listen({
      windowDir: join(PROJECT_DIR, 'dist/window'),
      socketPath,
      version: '0.1.0',
      port: 0,
      ...(cables === undefined ? {} : { cables }),
      onAddressUsed: () => undefined,
    });
    const context = await browser.newContext({
      viewport: { width: 1040, height: 820 },
      locale: 'en-GB',
      ...contextOptions,
    });
    const open = new OpenWindow(await context.newPage(), server);
    await open.page.goto(server.address);
    await open.page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
    if (view !== undefined) await open.show(view);
    return open;
  }

  async show(view: string): Promise<void> {
    await this.page.evaluate(`location.hash = '#/${view}'`);
    await this.page.locator(`a[aria-current=page][href='#/${view}']`).waitFor();
  }

  /** What axe has to say about the page as it is. */
  async axeViolations(): Promise<string[]> {
    // Through the debugger: the page's own rules let no script of others in.
    await this.page.evaluate(`${readFileSync(AXE_FILE, 'utf8')}; null`);
    return this.page.evaluate(
      `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
    );
  }

  /** How far the page can be scrolled sideways, in pixels. */
  sidewaysOverflow(): Promise<number> {
    // What is drawn to size, as curves are, learns its place in one frame and takes it in the next.
    return this.page.evaluate(`new Promise((resolve) => {
      const measure = () => resolve(document.documentElement.scrollWidth - document.documentElement.clientWidth);
      requestAnimationFrame(() => requestAnimationFrame(measure));
    })`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    await this.server.close();
  }
}

/** Sets the browser's own size of text to twice the usual, as a user does in its settings. */
export async function enlargeText(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
}
