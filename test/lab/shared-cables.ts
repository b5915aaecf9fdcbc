import type { Cable, CableCondition } from '../../src-shared/bridge/home-cables.ts';
import type { HomeCables } from '../../src-web-ui/home-cables.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { Cables } from './roaming-cycle.ts';

/** Cables that a terminal and windows pull at the same time: one change after the other, each told to all. */
export class SharedCables implements HomeCables {
  readonly #cables: Cables;
  readonly #listeners: (() => void)[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(cables: Cables) {
    this.#cables = cables;
  }

  get all(): readonly Cable[] {
    return LINK_NAMES.map((link) => ({ link, condition: this.#cables.condition(link) }));
  }

  set(link: string, condition: CableCondition): void {
    void this.apply(link, condition);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The same as `set`, and settles when it is so. */
  apply(link: string, condition: CableCondition): Promise<void> {
    const name = LINK_NAMES.find((known) => known === link);
    if (name === undefined) return Promise.resolve();
    this.#last = this.#last
      .then(() => this.#cables.apply({ [name]: condition }))
      .catch((error: unknown) => console.error(`${name} cannot be changed: ${String(error)}`))
      .finally(() => {
        for (const listener of this.#listeners) listener();
      });
    return this.#last;
  }
}
