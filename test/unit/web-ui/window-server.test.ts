import { request } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WindowServer } from '../../../src-web-ui/window-server.ts';
import { FakeCables } from '../../support/fake-cables.ts';
import { FakeWindowDaemon } from '../../support/fake-window-daemon.ts';
import { offStatus, protectedStatus } from '../../support/status.ts';

type Message = Readonly<Record<string, unknown>>;

describe('the server of the window', () => {
  let dir: string;
  let daemon: FakeWindowDaemon;
  let server: WindowServer;
  let used: string[];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bowline-window-'));
    mkdirSync(join(dir, 'window/assets'), { recursive: true });
    writeFileSync(join(dir, 'window/index.html'), '<!doctype html>');
    writeFileSync(join(dir, 'window/assets/a.js'), 'let a;');
    writeFileSync(join(dir, 'secret.html'), 'secret');
    daemon = new FakeWindowDaemon();
    await daemon.start(join(dir, 'daemon.sock'));
    used = [];
    server = await WindowServer.listen({
      windowDir: join(dir, 'window'),
      socketPath: join(dir, 'daemon.sock'),
      version: '1.2.3',
      port: 0,
      onAddressUsed: (address) => used.push(address),
    });
  });
  afterEach(async () => {
    await server.close();
    await daemon.stop();
    rmSync(dir, { recursive: true });
  });

  it('serves the page so that nothing caches, frames or adds to it', async () => {
    const { status, headers, body } = await get('/');
    expect({ status, body }).toEqual({ status: 200, body: '<!doctype html>' });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  it.each([
    ['a file outside the window', '/../secret.html'],
    ['the same, written otherwise', '/%2e%2e/secret.html'],
    ['a file that is not there', '/assets/b.js'],
  ])('does not serve %s', async (_what, path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('refuses requests under another name, which a rebound DNS name would send', async () => {
    expect((await get('/', { host: `evil.example:${new URL(server.address).port}` })).status).toBe(421);
  });

  it('refuses a page of another origin', async () => {
    await expect(connect({ origin: 'http://evil.example' })).rejects.toThrow('403');
  });

  it('refuses a token that is wrong, and one that was used', async () => {
    const token = tokenOf(server.address);
    await using wrong = await connect();
    wrong.send({ type: 'hello', token: 'x'.repeat(token.length) });
    expect(await wrong.next()).toMatchObject({ type: 'refused', error: { code: 'NOT_PERMITTED' } });

    await using first = await connect();
    first.send({ type: 'hello', token });
    expect(await first.next()).toMatchObject({ type: 'welcome', version: '1.2.3' });
    expect(used).toEqual([server.address]);
    await using second = await connect();
    second.send({ type: 'hello', token });
    expect(await second.next()).toMatchObject({ type: 'refused' });
  });

  it('answers nothing before the greeting', async () => {
    await using page = await connect();
    page.send({ type: 'request', id: 1, method: 'status.get', params: {} });
    expect(await page.next()).toMatchObject({ type: 'refused' });
  });

  it('lets a page in again by the key of its session', async () => {
    await using first = await connect();
    first.send({ type: 'hello', token: tokenOf(server.address) });
    const { session } = (await first.next()) as { session: string };
    await using again = await connect();
    again.send({ type: 'hello', session });
    expect(await again.next()).toMatchObject({ type: 'welcome', session });
  });

  it('forwards calls and their failures as the daemon gave them', async () => {
    await using page = await admitted();
    page.send({ type: 'request', id: 7, method: 'mode.set', params: { mode: 'bonded' } });
    expect(await page.next()).toEqual({ type: 'response', id: 7, outcome: { ok: true, result: {} } });
    page.send({ type: 'request', id: 8, method: 'mode.set', params: { mode: 'warp' } });
    expect(await page.next()).toMatchObject({
      id: 8,
      outcome: { ok: false, error: { code: 'INVALID_PARAMS' } },
    });
    page.send({ type: 'request', id: 9, method: 'constructor', params: {} });
    expect(await page.next()).toMatchObject({
      id: 9,
      outcome: { ok: false, error: { code: 'UNKNOWN_METHOD' } },
    });
    expect(daemon.calls).toEqual([{ method: 'mode.set', params: { mode: 'bonded' } }]);
  });

  it('tells every window of a change, and a later one of the present state', async () => {
    await using one = await admitted();
    one.send({ type: 'subscribe', event: 'status.changed' });
    expect(await one.next()).toMatchObject({ type: 'event', payload: { state: 'off' } });
    daemon.become(protectedStatus());
    expect(await one.next()).toMatchObject({ payload: { state: 'protected' } });
    await using two = await admitted();
    two.send({ type: 'subscribe', event: 'status.changed' });
    expect(await two.next()).toMatchObject({ payload: { state: 'protected' } });
    daemon.become(offStatus());
    expect(await one.next()).toMatchObject({ payload: { state: 'off' } });
    expect(await two.next()).toMatchObject({ payload: { state: 'off' } });
  });

  it('says that the daemon is gone, and goes on when it is back', async () => {
    await using page = await admitted();
    page.send({ type: 'subscribe', event: 'status.changed' });
    await page.next();
    await daemon.stop();
    expect(await page.next()).toMatchObject({ type: 'unreachable', event: 'status.changed' });
    await daemon.start(join(dir, 'daemon.sock'));
    for (;;) {
      const message = await page.next();
      if (message['type'] === 'event') break;
    }
  });

  it('knows of no cables, and ends a page that wants to pull one', async () => {
    await using page = await admitted();
    page.send({ type: 'cable', link: 'eth0', condition: 'carrier-lost' });
    expect(await page.closeCode).toBe(4000);
  });

  it('lets every window of a virtual home pull its cables', async () => {
    const cables = new FakeCables();
    await server.close();
    server = await WindowServer.listen({
      windowDir: join(dir, 'window'),
      socketPath: join(dir, 'daemon.sock'),
      version: '1.2.3',
      port: 0,
      onAddressUsed: () => undefined,
      cables,
    });
    await using stranger = await connect();
    stranger.send({ type: 'cable', link: 'eth0', condition: 'silent' });
    expect(await stranger.next()).toMatchObject({ type: 'refused' });
    await using one = await admitted();
    await using two = await admitted();
    for (const page of [one, two]) expect(await page.next()).toEqual({ type: 'cables', cables: cables.all });
    one.send({ type: 'cable', link: 'eth0', condition: 'carrier-lost' });
    for (const page of [one, two]) {
      expect(await page.next()).toMatchObject({
        cables: [
          { link: 'eth0', condition: 'carrier-lost' },
          { link: 'wlan0', condition: 'up' },
        ],
      });
    }
    one.send({ type: 'cable', link: 'eth0', condition: 'on fire' });
    expect(await one.closeCode).toBe(4000);
  });

  function get(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
    const { port } = new URL(server.address);
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      sent.on('error', reject).end();
    });
  }

  async function admitted(): Promise<Page> {
    const page = await connect();
    page.send({ type: 'hello', token: tokenOf(server.address) });
    await page.next();
    return page;
  }

  function connect({ origin = new URL(server.address).origin } = {}): Promise<Page> {
    return Page.open(`${new URL(server.address).origin.replace('http', 'ws')}/bridge`, origin);
  }
});

function tokenOf(address: string): string {
  return new URL(address).hash.slice(1);
}

/** The page's end of the socket, message by message. */
class Page implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #arrived: Message[] = [];
  #wake: (() => void) | null = null;
  readonly closeCode: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closeCode = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data) => {
      this.#arrived.push(JSON.parse((data as Buffer).toString('utf8')) as Message);
      this.#wake?.();
    });
  }

  static open(url: string, origin: string): Promise<Page> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { origin });
      const page = new Page(socket);
      socket.once('open', () => resolve(page));
      socket.once('error', reject);
    });
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  async next(): Promise<Message> {
    while (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#arrived.shift()!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    return Promise.resolve();
  }
}
