import { describe, expect, it } from 'vitest';
import { HomeNetworks } from '../../../../src-daemon/roaming/home-networks.ts';

const HOME = '02:b0:00:00:00:fe';
const HOTEL = '02:b0:00:00:00:aa';

describe('the networks of the home', () => {
  it('are where the box has answered; others are elsewhere', () => {
    const networks = new HomeNetworks([]);
    expect(networks.remember([HOME])).toBe(true);
    expect(networks.remember([HOME.toUpperCase()])).toBe(false);
    expect(networks.isElsewhere([HOTEL])).toBe(true);
    expect(networks.isElsewhere([HOTEL, HOME])).toBe(false);
  });

  it('leave open what cannot be told: nothing known yet, or no router', () => {
    expect(new HomeNetworks([]).isElsewhere([HOTEL])).toBe(false);
    const networks = new HomeNetworks([]);
    networks.remember([HOME]);
    expect(networks.isElsewhere([])).toBe(false);
  });

  it('are kept without saying where somebody lives, the newest ones', () => {
    const networks = new HomeNetworks([]);
    for (let i = 0; i < 40; i++) networks.remember([`02:b0:00:00:01:${i.toString(16).padStart(2, '0')}`]);
    const { networks: kept } = networks.content;
    expect(kept).toHaveLength(32);
    expect(JSON.stringify(kept)).not.toContain('02:b0');
    const again = new HomeNetworks(kept);
    expect(again.isElsewhere(['02:b0:00:00:01:27'])).toBe(false);
    expect(again.isElsewhere(['02:b0:00:00:01:00'])).toBe(true);
  });
});
