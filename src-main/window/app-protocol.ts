import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { ElectronApi } from '../electron-api.ts';

/*
 * The window's page comes over a scheme of its own, not from file://: it has an origin, gets headers, and cannot name
 * any other file of the system.
 */

const SCHEME = 'bowline';

/** The address of the window's page. */
export const PAGE_URL = `${SCHEME}://window/index.html`;

/**
 * What the page may load: its own files, and nothing from anywhere else. There is nothing to connect to, since it
 * talks over its bridge; styles and scripts written into the page itself are refused.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** To be called before Electron is ready, once. */
export function registerPageScheme({ protocol }: Pick<ElectronApi, 'protocol'>): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/** Serves the page from a folder. To be called when Electron is ready. */
export function servePage({ protocol }: Pick<ElectronApi, 'protocol'>, pageDir: string): void {
  protocol.handle(SCHEME, (request) => pageResponse(request.url, request.method, pageDir));
}

/** True for addresses of the window's page, whatever follows its `#` or `?`. */
export function isPageUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host } = new URL(url);
  return protocol === `${SCHEME}:` && host === 'window';
}

/** Answers one request of the page. */
export async function pageResponse(url: string, method: string, pageDir: string): Promise<Response> {
  const file = isPageUrl(url) && method === 'GET' ? pageFile(url, pageDir) : null;
  const type = file === null ? undefined : CONTENT_TYPES[extname(file)];
  if (file === null || type === undefined) return new Response('Not found', { status: 404 });
  try {
    return new Response(new Uint8Array(await readFile(file)), { headers: headersFor(type) });
  } catch {
    // Not part of the page: it learns nothing more about the file system than that.
    return new Response('Not found', { status: 404 });
  }
}

/** The file that a request names; null if that is outside of the page's folder. */
function pageFile(url: string, pageDir: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url).pathname);
  } catch {
    // An escape that is none.
    return null;
  }
  const file = normalize(join(pageDir, path));
  return file.startsWith(normalize(pageDir + sep)) && !path.includes('\0') ? file : null;
}

function headersFor(type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  };
}
