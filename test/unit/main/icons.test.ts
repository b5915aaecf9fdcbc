import { readFileSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { drawIcons } from '../../../scripts/icons.mjs';
import { PANELS, TRAY_ICON_SIZES } from '../../../src-main/tray/panel.ts';
import { TRAY_SHAPES } from '../../../src-main/tray/tray-shape.ts';

/** Three dots of four pixels: the smallest mark that any of the drawings adds to another. */
const LEAST_DIFFERENCE_PIXELS = 12;

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;

describe('the icons', () => {
  const drawn = drawIcons();

  it('are what their sources draw; run npm run icons after a change', () => {
    const stale = [...drawn].filter(([path, png]) => !png.equals(readFileSync(PROJECT_DIR + path)));
    expect(stale.map(([path]) => path)).toEqual([]);
  });

  it('are there for every shape, panel and size that the app asks for', () => {
    const wanted = PANELS.flatMap((panel) =>
      TRAY_SHAPES.flatMap((shape) =>
        TRAY_ICON_SIZES.map((size) => `assets/tray/${panel}/${shape}-${size}.png`),
      ),
    );
    expect(wanted.filter((path) => !drawn.has(path))).toEqual([]);
  });

  it('of the tray differ by shape alone at 16 pixels', () => {
    const alike = TRAY_SHAPES.flatMap((one, index) =>
      TRAY_SHAPES.slice(index + 1)
        .filter((other) => difference(opacityOf(one), opacityOf(other)) < LEAST_DIFFERENCE_PIXELS)
        .map((other) => `${one} and ${other}`),
    );
    expect(alike).toEqual([]);
  });
});

/** How much of each pixel is covered, from 0 to 1. */
function opacityOf(shape: string): readonly number[] {
  const svg = readFileSync(`${PROJECT_DIR}assets/tray/${shape}.svg`, 'utf8');
  const { pixels } = new Resvg(svg, { fitTo: { mode: 'width', value: 16 } }).render();
  return Array.from({ length: 16 * 16 }, (_, pixel) => pixels[pixel * 4 + 3]! / 255);
}

function difference(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, pixel) => sum + Math.abs(value - other[pixel]!), 0);
}
