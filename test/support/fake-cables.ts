import type { Cable, CableCondition } from '../../src-shared/bridge/home-cables.ts';
import type { HomeCables } from '../../src-web-ui/home-cables.ts';

const BOTH_UP: readonly Cable[] = [
  { link: 'eth0', condition: 'up' },
  { link: 'wlan0', condition: 'up' },
];

/** Cables that nothing hangs on. */
export class FakeCables implements HomeCables {
  all: readonly Cable[];
  #listener: () => void = () => undefined;

  constructor(all: readonly Cable[] = BOTH_UP) {
    this.all = all;
  }

  set(link: string, condition: CableCondition): void {
    this.all = this.all.map((cable) => (cable.link === link ? { link, condition } : cable));
    this.#listener();
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  /** The condition of every cable by its link. */
  get conditions(): Readonly<Record<string, CableCondition>> {
    return Object.fromEntries(this.all.map(({ link, condition }) => [link, condition]));
  }
}
