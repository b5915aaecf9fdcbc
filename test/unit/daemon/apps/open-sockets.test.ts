import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OpenSockets } from '../../../../src-daemon/apps/open-sockets.ts';
import { createLog } from '../../../../src-platform/log.ts';

describe('the sockets of the machine', () => {
  let opened: number;
  let closed: number;
  let failure: Error | null;
  let lines: string[];
  const log = createLog('info', (line) => lines.push(line));
  class DatagramMeter {
    constructor() {
      if (failure !== null) throw failure;
      opened++;
    }
    sockets(): never[] {
      return [];
    }
    close(): void {
      closed++;
    }
  }
  const inetSockets = vi.fn(() => []);

  beforeEach(() => {
    vi.useFakeTimers();
    opened = closed = 0;
    lines = [];
    failure = null;
    inetSockets.mockClear();
  });
  afterEach(() => void vi.useRealTimers());

  const sockets = (root: string | null): OpenSockets =>
    new OpenSockets({ DatagramMeter, inetSockets }, root, log);

  it('are counted while somebody looks, and ten seconds longer', () => {
    const open = sockets('/sys/fs/cgroup');
    for (let second = 0; second < 60; second++) {
      open.list();
      vi.advanceTimersByTime(1_000);
    }
    expect([opened, closed]).toEqual([1, 0]);
    vi.advanceTimersByTime(9_000);
    expect([opened, closed]).toEqual([1, 1]);
    open.list();
    open.close();
    expect([opened, closed]).toEqual([2, 2]);
    expect(vi.getTimerCount()).toBe(0);
    expect(inetSockets).not.toHaveBeenCalled();
  });

  it('are listed without counts where that is refused, which is said once', () => {
    failure = Object.assign(new Error('bpf(BPF_MAP_CREATE): operation not permitted'), { code: 'EPERM' });
    const open = sockets('/sys/fs/cgroup');
    open.list();
    open.list();
    sockets(null).list();
    expect(inetSockets).toHaveBeenCalledTimes(3);
    expect(lines).toEqual([expect.stringContaining('datagrams-not-counted')]);
  });
});
