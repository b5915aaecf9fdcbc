import { describe, expect, it } from 'vitest';
import { BoxTunnelDevice } from '../../../src-box/tunnel-device.ts';
import type { NativeApi } from '../../../src-platform/native.ts';
import { FakeExec } from '../../support/fake-exec.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

const IPV6_SWITCH = 'net/ipv6/conf/bowline0/disable_ipv6';

describe('the device of the box', () => {
  it('has an address of each family, and none that it makes up', async () => {
    const { network6, lines } = await open({ [IPV6_SWITCH]: '0' }, 'fd77::/64');
    expect(network6).toBe('fd77::/64');
    expect(lines).toEqual([
      'link set dev bowline0 addrgenmode none',
      'link set dev bowline0 mtu 1500 up',
      'addr replace 10.77.0.1/24 dev bowline0',
      'addr replace fd77::1/64 dev bowline0 nodad',
    ]);
  });

  it.each([
    ['switched off', { [IPV6_SWITCH]: '1' }],
    ['not in the kernel', {}],
  ])('has no IPv6 where that is %s', async (_, sysctls) => {
    const { network6, lines } = await open(sysctls, 'fd77::/64');
    expect(network6).toBeNull();
    expect(lines).toEqual(['link set dev bowline0 mtu 1500 up', 'addr replace 10.77.0.1/24 dev bowline0']);
  });

  it('has no IPv6 address where none is wanted', async () => {
    const { network6, lines } = await open({ [IPV6_SWITCH]: '0' }, null);
    expect([network6, lines.join()]).toEqual([null, expect.not.stringContaining('fd77')]);
  });
});

async function open(
  sysctls: Readonly<Record<string, string>>,
  wanted6: string | null,
): Promise<{ network6: string | null; lines: readonly string[] }> {
  const fake = new FakeExec();
  class Tun {}
  const device = new BoxTunnelDevice({
    native: { Tun: Tun as never } satisfies Pick<NativeApi, 'Tun'>,
    exec: fake.exec,
    journal: { record: () => Promise.resolve() },
    sysctls: new FakeSysctls(sysctls),
  });
  const { network6 } = await device.open('bowline0', '10.77.0.1/24', wanted6);
  return { network6, lines: fake.take().flatMap(({ input }) => input.trim().split('\n')) };
}
