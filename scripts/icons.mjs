// `npm run icons`: draws the PNGs in assets/ from the SVGs beside them. The PNGs are committed, since building and packaging
// should not need a renderer; a test draws them again and compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { PROJECT_DIR } from './lib/run.mjs';

/** Ink for each panel; `symbolic` has a contrast of more than 3:1 on white and on black. */
const INKS = { light: '#24292f', dark: '#ffffff', symbolic: '#7a7a7a' };
const TRAY_SIZES = [16, 22, 24, 32, 48];
const TRAY_SHAPES = ['outline', 'dots', 'one-bar', 'two-bars', 'notch', 'pin', 'exclamation', 'lock'];
const APP_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];

/**
 * Draws every icon.
 * @returns {Map<string, Buffer>} PNG by path, relative to the checkout
 */
export function drawIcons() {
  const icons = new Map();
  for (const shape of TRAY_SHAPES) {
    const svg = readFileSync(`${PROJECT_DIR}assets/tray/${shape}.svg`, 'utf8');
    for (const [panel, ink] of Object.entries(INKS)) {
      const inked = svg.replace('<svg ', `<svg fill="${ink}" `).replaceAll('#000', ink);
      for (const size of TRAY_SIZES)
        icons.set(`assets/tray/${panel}/${shape}-${size}.png`, draw(inked, size));
    }
  }
  const app = readFileSync(`${PROJECT_DIR}assets/app-icon.svg`, 'utf8');
  for (const size of APP_SIZES) icons.set(`assets/icons/${size}x${size}.png`, draw(app, size));
  return icons;
}

/**
 * @param {string} svg
 * @param {number} size side in pixels
 * @returns {Buffer}
 */
function draw(svg, size) {
  return Buffer.from(new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng());
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, png] of drawIcons()) {
    mkdirSync(dirname(`${PROJECT_DIR}${path}`), { recursive: true });
    writeFileSync(`${PROJECT_DIR}${path}`, png);
  }
}
