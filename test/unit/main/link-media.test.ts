import { describe, expect, it } from 'vitest';
import { LinkMedia, parseSignals } from '../../../src-main/links/link-media.ts';
import { mediumOf, signalStrength } from '../../../src-shared/bridge/link-medium.ts';

const SIGNALS = `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   58.  -52.  -256        0      0      0      0     12        0
 wlan1: 0000   58.  152.  0        0      0      0      0     12        0
`;

describe('what carries a link', () => {
  it('is told from the cheap sources every time, from the dear ones when something has changed', async () => {
    const machine = new Machine();
    const media = new LinkMedia(machine);
    expect(await media.read()).toEqual([
      {
        name: 'eth0',
        addresses: ['192.168.1.20'],
        speedBitsPerSecond: 1e9,
        network: null,
        signalDbm: null,
      },
      {
        name: 'wlan0',
        addresses: ['192.168.1.21', 'fe80::1'],
        speedBitsPerSecond: null,
        network: 'attic',
        signalDbm: -52,
      },
    ]);
    expect(machine.asked).toEqual(['speeds', 'networks']);

    machine.time += 59_999;
    await media.read();
    expect(machine.asked, 'nothing has changed').toEqual(['speeds', 'networks']);
    machine.time += 1;
    await media.read();
    expect(machine.asked, 'a minute is over').toEqual(['speeds', 'networks', 'speeds']);
    machine.addresses = new Map([['wlan0', ['10.0.0.5']]]);
    await media.read();
    expect(machine.asked.slice(3), 'another network').toEqual(['speeds', 'networks']);
  });

  it('is not asked of radios where there is none', async () => {
    const machine = new Machine();
    machine.speeds = [{ iface: 'eth0', type: 'wired', speed: -1 }];
    const [eth0] = await new LinkMedia(machine).read();
    expect(machine.asked).toEqual(['speeds']);
    expect(eth0?.speedBitsPerSecond, 'a speed below zero is none').toBe(null);
  });

  it('is only told of an interface with the address of the link', () => {
    const medium = {
      name: 'eth0',
      addresses: ['10.0.0.1'],
      speedBitsPerSecond: 1e9,
      network: null,
      signalDbm: null,
    };
    expect(mediumOf({ name: 'eth0', address: '10.0.0.1' }, [medium])).toBe(medium);
    expect(mediumOf({ name: 'eth0', address: '192.168.77.2' }, [medium])).toBe(null);
    expect(mediumOf({ name: 'eth0', address: null }, [medium])).toBe(null);
  });
});

describe('the signal of a radio', () => {
  it('is read from the kernel, where it counts in dBm', () => {
    expect([...parseSignals(SIGNALS)]).toEqual([['wlan0', -52]]);
    expect([...parseSignals('')]).toEqual([]);
  });

  it('is ranked as people know it', () => {
    expect([-40, -55, -56, -67, -68, -76, -77].map(signalStrength)).toEqual([
      'strong',
      'strong',
      'good',
      'good',
      'weak',
      'weak',
      'poor',
    ]);
  });
});

/** A laptop with a cable and a radio. */
class Machine {
  time = 0;
  asked: string[] = [];
  addresses = new Map([
    ['eth0', ['192.168.1.20']],
    ['wlan0', ['192.168.1.21', 'fe80::1']],
  ]);
  speeds: { iface: string; type: string; speed: number | null }[] = [
    { iface: 'eth0', type: 'wired', speed: 1000 },
    { iface: 'wlan0', type: 'wireless', speed: null },
  ];

  readonly now = () => this.time;
  readonly readAddresses = () => this.addresses;
  readonly readSignals = () => SIGNALS;
  readonly readSpeeds = async () => {
    this.asked.push('speeds');
    return this.speeds;
  };
  readonly readNetworks = async () => {
    this.asked.push('networks');
    return [{ iface: 'wlan0', ssid: 'attic' }];
  };
}
