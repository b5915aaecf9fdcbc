import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { iconPath, indexIcons, readIcon } from '../../../../src-platform/apps/icons.ts';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-icons-'));
  vi.stubEnv('XDG_DATA_DIRS', join(dir, 'share'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

describe('the picture of an app', () => {
  it('is the best of its name in the theme, and is told as an address with its bytes', async () => {
    put('share/icons/hicolor/32x32/apps/fox.png', PNG);
    const best = put('share/icons/hicolor/scalable/apps/fox.svg', SVG);
    const other = put('share/pixmaps/tool.png', PNG);
    const index = await indexIcons();
    expect(iconPath('fox', index)).toBe(best);
    expect(iconPath('tool.png', index)).toBe(other);
    expect(iconPath('nobody', index)).toBeNull();
    expect(iconPath(null, index)).toBeNull();
    expect(await readIcon(best)).toBe(`data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`);
    expect(await readIcon(other)).toBe(`data:image/png;base64,${PNG.toString('base64')}`);
  });

  it('is never a file that is none, is too large, or lies where no pictures of apps lie', async () => {
    expect(iconPath('/etc/shadow', new Map())).toBeNull();
    const elsewhere = put('home/secret.png', PNG);
    expect(await readIcon(elsewhere)).toBeNull();
    symlinkSync(elsewhere, join(dirname(put('share/pixmaps/a.png', PNG)), 'link.png'));
    expect(await readIcon(join(dir, 'share/pixmaps/link.png'))).toBeNull();
    expect(await readIcon(put('share/pixmaps/text.png', 'root:x:0:0'))).toBeNull();
    expect(
      await readIcon(put('share/pixmaps/huge.png', Buffer.concat([PNG, Buffer.alloc(65_536)]))),
    ).toBeNull();
    expect(await readIcon(join(dir, 'share/pixmaps/gone.png'))).toBeNull();
  });
});

function put(path: string, content: string | Buffer): string {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}
