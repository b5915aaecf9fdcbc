import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppIcons } from '../../../src-renderer/store/app-icons.ts';
import { ok } from '../../../src-shared/util/result.ts';
import { FakeBridge } from '../../view/fake-bridge.ts';

describe('the pictures of apps', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are asked for slowly, once each, and not when the row is gone before its turn', async () => {
    vi.useFakeTimers();
    const bridge = new FakeBridge();
    bridge.answers['apps.icon'] = () => ok({ icon: 'data:image/png,x' });
    const icons = new AppIcons(bridge);
    const told: string[] = [];
    const want = (id: string): (() => void) => icons.want(id, () => told.push(id));
    want('a');
    want('b')();
    want('c');
    want('c');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bridge.calls.map(({ params }) => params)).toEqual([{ id: 'a' }, { id: 'c' }]);
    expect(told).toEqual(['a', 'c', 'c']);
    expect([icons.known('a'), icons.known('b')]).toEqual(['data:image/png,x', undefined]);
  });

  it('stay far below the requests that a daemon takes in a second, and are kept within bounds', async () => {
    vi.useFakeTimers();
    const bridge = new FakeBridge();
    const icons = new AppIcons(bridge);
    for (let app = 0; app < 600; app++) icons.want(`app${app}`, () => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bridge.calls.length).toBeLessThan(100);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bridge.calls).toHaveLength(600);
    expect([icons.known('app0'), icons.known('app599')]).toEqual([undefined, null]);
  });
});
