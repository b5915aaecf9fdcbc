import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

/** What the app remembers about this user's desktop; everything about protection is the daemon's. */
export const desktopStateSchema = z.looseObject({
  version: z.literal(1),
  language: z.enum(['system', 'en', 'de']),
  /** End of a pause in milliseconds since 1970; null when there is none. */
  pausedUntil: z.number().nullable(),
  wasProtectionTold: z.boolean(),
  wasMissingTrayTold: z.boolean(),
});
export type DesktopState = z.infer<typeof desktopStateSchema>;

const FRESH: DesktopState = {
  version: 1,
  language: 'system',
  pausedUntil: null,
  wasProtectionTold: false,
  wasMissingTrayTold: false,
};

/** Keeps the app's own small state in one file. */
export class DesktopStateFile {
  readonly #path: string;
  readonly #onFault: (error: unknown) => void;
  #state: DesktopState;

  /** Reads the file. One that is damaged is set aside, and the app begins afresh. */
  constructor(path: string, onFault: (error: unknown) => void) {
    this.#path = path;
    this.#onFault = onFault;
    this.#state = this.#read();
  }

  /** The present state. */
  get state(): DesktopState {
    return this.#state;
  }

  /** Changes some of it and writes it down; a file that cannot be written is reported, the change holds for now. */
  change(change: Partial<Omit<DesktopState, 'version'>>): void {
    this.#state = { ...this.#state, ...change };
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const temporaryPath = `${this.#path}.new`;
      writeFileSync(temporaryPath, `${JSON.stringify(this.#state, null, 2)}\n`, { mode: 0o600 });
      renameSync(temporaryPath, this.#path);
    } catch (error) {
      this.#onFault(error);
    }
  }

  #read(): DesktopState {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      // The first start, or a folder that is not ours: writing will tell.
      return FRESH;
    }
    try {
      return desktopStateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#onFault(error);
      renameSync(this.#path, `${this.#path}.damaged`);
      return FRESH;
    }
  }
}
