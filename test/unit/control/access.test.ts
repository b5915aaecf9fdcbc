import { describe, expect, it } from 'vitest';
import { controlAccess, groupIn, includesRight, userNameIn } from '../../../src-control/access.ts';
import { RIGHTS, boxContract, daemonContract } from '../../../src-shared/control/contract.ts';

describe('access to a control socket', () => {
  const access = controlAccess({ groupId: 700, ownUserId: 42, isListed: (userId) => userId === 1007 });
  const peer = { pid: 1, uid: 1000, gid: 1000, groups: [4, 24] };

  it.each([
    { who: 'root', caller: { ...peer, uid: 0 }, right: 'configure' },
    { who: 'the user that the daemon runs as', caller: { ...peer, uid: 42 }, right: 'configure' },
    { who: 'a member of the group', caller: { ...peer, groups: [4, 700] }, right: 'switch' },
    { who: 'whose main group it is', caller: { ...peer, gid: 700 }, right: 'switch' },
    { who: 'a member since after its login', caller: { ...peer, uid: 1007 }, right: 'switch' },
    { who: 'anybody else', caller: peer, right: null },
  ])('gives $who: $right', ({ caller, right }) => {
    expect(access.rightOf(caller)).toBe(right);
  });

  it('is root’s alone on a machine without the group', () => {
    const closed = controlAccess({ groupId: null, ownUserId: 0, isListed: () => true });
    expect([closed.rightOf({ ...peer, gid: 0, groups: [0] }), closed.rightOf({ ...peer, uid: 0 })]).toEqual([
      null,
      'configure',
    ]);
  });

  it('includes lesser rights in greater ones and not the other way round', () => {
    const table = RIGHTS.map((held) => RIGHTS.map((needed) => includesRight(held, needed)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });

  it('finds a group by its exact name', () => {
    const file = 'root:x:0:\nbowliner:x:5:\n# bowline:x:1:\nbowline:x:998:ann,bob\n';
    expect([groupIn(file, 'bowline'), groupIn(file, 'root'), groupIn(file, 'bowl')]).toEqual([
      { id: 998, members: ['ann', 'bob'] },
      { id: 0, members: [] },
      null,
    ]);
    expect(groupIn('bowline:x:-1:\n', 'bowline')).toBeNull();
  });

  it('finds a user’s name by its exact number', () => {
    const file =
      'root:x:0:0::/root:/bin/sh\n:x:1007::::\nann:x:1007:1007::/home/ann:/bin/sh\nbob:x:10070::::\n';
    expect([userNameIn(file, 1007), userNameIn(file, 100), userNameIn('eve:x::::\n', 0)]).toEqual([
      'ann',
      null,
      null,
    ]);
  });
});

describe('the rights of the contracts', () => {
  it('are these', () => {
    const rights = Object.entries({ ...daemonContract.methods, ...boxContract.methods })
      .map(([method, { right }]) => `${right} ${method}`)
      .sort();
    expect(rights).toEqual([
      'configure box.pair',
      'configure box.rename',
      'configure box.revoke',
      'configure pairing.unpair',
      'configure portal.setCheck',
      'look apps.icon',
      'look apps.list',
      'look apps.usage',
      'look box.key',
      'look box.peers',
      'look box.status',
      'look boxes.find',
      'look links.list',
      'look rules.list',
      'look status.get',
      'look status.subscribe',
      'look timeline.list',
      'switch connection.leave',
      'switch connection.setWanted',
      'switch doctor.run',
      'switch ipv6.set',
      'switch lan.set',
      'switch link.setMetered',
      'switch link.setPriority',
      'switch mode.set',
      'switch pairing.pair',
      'switch rules.add',
      'switch rules.enter',
      'switch rules.remove',
      'switch rules.replace',
      'switch test.unplug',
      'switch wifi.setPowerSave',
    ]);
  });
});
