import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeImage } from 'electron';
import type { ElectronApi } from '../electron-api.ts';
import { TRAY_ICON_SIZES, type Panel } from './panel.ts';
import type { TrayShape } from './tray-shape.ts';

/** The size that a panel of ordinary density asks for; the other sizes stand for other densities. */
const BASE_SIZE = 24;

/** Loads tray icons and keeps them: a status changes four times a second, its icon rarely. */
export class TrayIcons {
  readonly #nativeImage: ElectronApi['nativeImage'];
  readonly #iconsDir: string;
  readonly #loaded = new Map<string, NativeImage>();

  constructor({ nativeImage }: Pick<ElectronApi, 'nativeImage'>, iconsDir: string) {
    this.#nativeImage = nativeImage;
    this.#iconsDir = iconsDir;
  }

  /** One icon with all its sizes. */
  image(shape: TrayShape, panel: Panel): NativeImage {
    const key = `${panel}/${shape}`;
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) return loaded;
    const image = this.#nativeImage.createEmpty();
    for (const size of TRAY_ICON_SIZES) {
      const buffer = readFileSync(join(this.#iconsDir, panel, `${shape}-${size}.png`));
      image.addRepresentation({ scaleFactor: size / BASE_SIZE, width: size, height: size, buffer });
    }
    this.#loaded.set(key, image);
    return image;
  }
}
