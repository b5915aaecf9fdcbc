import type { AppWebContents } from '../electron-api.ts';

/** A step of Chromium's own is a fifth more or less; browsers go by half of that. */
const STEP = 0.5;

/** From two thirds to twice the size: outside of it the window is of no use on any screen. */
const [LEAST, MOST] = [-2, 4];

/** What each key does to the level, as in every browser; null sets it back. */
const KEYS: Readonly<Record<string, number | null>> = { '+': STEP, '=': STEP, '-': -STEP, '0': null };

/** Has Ctrl with + - 0 change the size of the page. Electron has these keys in a menu only, and there is none. */
export function zoomByKeys(contents: AppWebContents): void {
  contents.on('before-input-event', (event, { type, control, alt, meta, key }) => {
    if (type !== 'keyDown' || !control || alt || meta) return;
    const change = KEYS[key];
    if (change === undefined) return;
    event.preventDefault();
    const level = change === null ? 0 : contents.getZoomLevel() + change;
    contents.setZoomLevel(Math.min(MOST, Math.max(LEAST, level)));
  });
}
