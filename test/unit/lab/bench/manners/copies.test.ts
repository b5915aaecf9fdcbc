import { expect, test } from 'vitest';
import type { FrameFate } from '../../../../lab/emulator/link-emulator.ts';
import { compareCopies } from '../../../../lab/bench/manners/copies.ts';
import type { PacketTimes } from '../../../../lab/bench/manners/packets.ts';

const MS = 1000;

test('a packet is compared with the faster of the copies that a link gave out', () => {
  const packets: PacketTimes[] = [[0, 1.4 * MS, 4 * MS]];
  const report = compareCopies(packets, 'up', links([[200, 1.2 * MS]], [[200, 5.2 * MS]]));

  expect(report).toMatchObject({ lost: 0, uncopied: 0, bothLost: 0 });
  expect(report.afterCopyMs).toEqual([expect.closeTo(0.2)]);
  expect(report.afterLinkMs).toEqual([expect.closeTo(0.4)]);
});

test('where the quicker link lost it, the slower one counts', () => {
  const packets: PacketTimes[] = [[0, 6 * MS, 9 * MS]];
  const report = compareCopies(packets, 'up', links([[200, 0]], [[200, 5.2 * MS]]));

  expect(report.afterCopyMs).toEqual([expect.closeTo(0.8)]);
  expect(report.afterLinkMs).toEqual([expect.closeTo(1)]);
});

test('the answer is compared with what the links did to it after it had left the server', () => {
  const packets: PacketTimes[] = [[0, 2 * MS, 5 * MS]];
  const report = compareCopies(
    packets,
    'down',
    links(
      [
        [100, 1.1 * MS],
        [2.1 * MS, 3.1 * MS],
      ],
      [[2.1 * MS, 7.1 * MS]],
    ),
  );

  expect(report.afterCopyMs).toEqual([expect.closeTo(1.9)]);
});

test('packets without an answer, without a copy on each link, and lost by both links are told apart', () => {
  const packets: PacketTimes[] = [null, [20 * MS, 21 * MS, 22 * MS], [40 * MS, 50 * MS, 51 * MS]];
  const report = compareCopies(
    packets,
    'up',
    links(
      [
        [20.2 * MS, 21.2 * MS],
        [40.2 * MS, 0],
      ],
      // Far too late for a copy of the second packet.
      [
        [36 * MS, 41 * MS],
        [40.2 * MS, 0],
      ],
    ),
  );

  expect(report).toMatchObject({ lost: 1, uncopied: 1, bothLost: 1 });
  expect(report.afterCopyMs).toHaveLength(1);
});

function links(quick: readonly FrameFate[], slow: readonly FrameFate[]): Parameters<typeof compareCopies>[2] {
  return [
    { delayMs: 1, fates: quick },
    { delayMs: 5, fates: slow },
  ];
}
