import { describe, expect, it } from 'vitest';
import { linkWishes, withLinkWish } from '../../../src-daemon/links/link-wishes.ts';
import { DEFAULT_SETTINGS } from '../../../src-shared/model/settings.ts';

const DOCK = { name: 'eth1', kind: 'usb', mac: '02:00:00:00:00:0d' } as const;
const MODEM = { name: 'wwan0', kind: 'cellular', mac: null } as const;

describe('what the user wants of links', () => {
  it('is nothing special at first; mobile networks cost money', () => {
    expect(linkWishes(DEFAULT_SETTINGS, [DOCK, MODEM])).toEqual({
      priorities: new Map([
        ['eth1', 'auto'],
        ['wwan0', 'auto'],
      ]),
      metered: new Set(['wwan0']),
      meteredChoices: new Map([
        ['eth1', 'auto'],
        ['wwan0', 'auto'],
      ]),
    });
  });

  it('keeps one wish about a link when another is added', () => {
    const backup = {
      ...DEFAULT_SETTINGS,
      ...withLinkWish(DEFAULT_SETTINGS, [DOCK], 'eth1', { priority: 'backup' }),
    };
    const both = { ...backup, ...withLinkWish(backup, [DOCK], 'eth1', { metered: 'yes' }) };
    expect(both.links).toEqual({ eth1: { priority: 'backup', metered: 'yes', mac: DOCK.mac } });
    const wishes = linkWishes(both, [DOCK]);
    expect([...wishes.metered, wishes.meteredChoices.get('eth1')]).toEqual(['eth1', 'yes']);
  });

  it('follows a dock that comes back under another name, unless somebody else has the old one', () => {
    const settings = {
      ...DEFAULT_SETTINGS,
      ...withLinkWish(DEFAULT_SETTINGS, [DOCK], 'eth1', { priority: 'prefer' }),
    };
    const returned = { ...DOCK, name: 'eth2' };
    expect(linkWishes(settings, [returned]).priorities.get('eth2')).toBe('prefer');
    const other = { name: 'eth1', kind: 'usb', mac: '02:00:00:00:00:0e' } as const;
    const priorities = linkWishes(settings, [other, returned]).priorities;
    expect([priorities.get('eth1'), priorities.get('eth2')]).toEqual(['prefer', 'auto']);
  });
});
