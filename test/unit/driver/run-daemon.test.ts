import { describe, expect, it } from 'vitest';
import { startOrStop, type Stoppable } from '../../../src-driver/run-daemon.ts';

describe('the last steps of a start', () => {
  it('give what has begun', async () => {
    const begun = new Begun();
    expect(await startOrStop(begun, () => Promise.resolve())).toBe(begun);
    expect(begun.stops).toBe(0);
  });

  it('stop what has begun if one fails, and say why it failed', async () => {
    const begun = new Begun();
    await expect(startOrStop(begun, fail)).rejects.toThrow('the socket is taken');
    expect(begun.stops).toBe(1);
  });

  it('say the first failure, whatever stopping says', async () => {
    const begun = new Begun(new Error('nothing to undo'));
    await expect(startOrStop(begun, fail)).rejects.toThrow('the socket is taken');
  });
});

class Begun implements Stoppable {
  stops = 0;
  readonly #failure: Error | null;

  constructor(failure: Error | null = null) {
    this.#failure = failure;
  }

  stop(): Promise<void> {
    this.stops++;
    return this.#failure === null ? Promise.resolve() : Promise.reject(this.#failure);
  }
}

function fail(): Promise<void> {
  return Promise.reject(new Error('the socket is taken'));
}
