import type { JsonFile } from '../../src-platform/index.ts';
import type { Settings } from '../../src-shared/model/settings.ts';

/** Fields to set, or what makes them of the settings as they are then. */
export type SettingsChange = Partial<Settings> | ((settings: Settings) => Partial<Settings>);

/** The settings as they are on disk. Changes are made one after the other, so that of two at once neither is lost. */
export class SettingsKeeper {
  #value: Settings;
  #lastChange: Promise<void> = Promise.resolve();
  readonly #file: Pick<JsonFile<Settings>, 'save'>;

  constructor(file: Pick<JsonFile<Settings>, 'save'>, value: Settings) {
    this.#file = file;
    this.#value = value;
  }

  get value(): Settings {
    return this.#value;
  }

  /** Saves a change. @throws StorageError; then nothing has changed. */
  change(change: SettingsChange): Promise<void> {
    const next = this.#lastChange
      // The failure of an earlier change was told to who asked for it.
      .catch(() => undefined)
      .then(async () => {
        const fields = typeof change === 'function' ? change(this.#value) : change;
        const settings = { ...this.#value, ...fields };
        await this.#file.save(settings);
        this.#value = settings;
      });
    this.#lastChange = next;
    return next;
  }
}
