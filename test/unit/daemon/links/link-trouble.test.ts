import { describe, expect, it } from 'vitest';
import { DozeDetector, troubleOf, type TroubledLink } from '../../../../src-daemon/links/link-trouble.ts';

describe('what ails a connected link', () => {
  it.each<[string, Partial<TroubledLink>, ReturnType<typeof troubleOf>]>([
    ['nothing while it serves', { state: 'standby', silentMicros: 0 }, null],
    ['nothing yet right after it came up', { silentMicros: 4_000_000 }, null],
    ['isolation: the box is not found in its own network', {}, 'isolated'],
    ['a block: the box is found and does not answer', { boxNeighbour: 'answers' }, 'box-blocked'],
    ['nothing that can be told before the kernel asked', { boxNeighbour: 'unknown' }, null],
    ['another network', { isInBoxNetwork: false }, 'other-network'],
    ['nothing of its own while the box is down everywhere', { isBoxElsewhere: false }, null],
    ['a login, whatever else', { isPortal: true, isBoxElsewhere: false, silentMicros: 0 }, 'portal'],
    [
      'no login where the box answers all the same',
      { isPortal: true, state: 'standby', silentMicros: 0 },
      null,
    ],
    ['a dozing radio', { state: 'standby', silentMicros: 0, dozes: true }, 'power-save'],
    ['nothing where it is not used', { state: 'ignored', isPortal: true }, null],
  ])('is %s', (_, overrides, expected) => {
    expect(troubleOf(link(overrides))).toBe(expected);
  });
});

describe('a radio that dozes', () => {
  it('is told by answers that come at once or a beacon later, after some seconds', () => {
    const detector = new DozeDetector();
    const verdicts = Array.from({ length: 12 }, () => note(detector, 2_000, 51_000));
    expect(verdicts).toEqual([...Array<boolean>(7).fill(false), ...Array<boolean>(5).fill(true)]);
  });

  it.each([
    ['answers at once', 2_000, 4_000],
    ['is far away, steadily', 45_000, 51_000],
    ['is some way away, steadily', 20_000, 35_000],
    ['is overloaded', 2_000, 400_000],
    ['may be far away or unlucky', 40_000, 80_000],
  ])('is no radio that %s', (_, least, smoothed) => {
    const detector = new DozeDetector();
    expect(Array.from({ length: 30 }, () => note(detector, least, smoothed))).not.toContain(true);
  });

  it('is told although no early answer came for a while', () => {
    const detector = new DozeDetector();
    for (let i = 0; i < 4; i++) note(detector, 9_000, 51_000);
    for (let i = 0; i < 20; i++) note(detector, 31_000, 58_000);
    const verdicts = Array.from({ length: 4 }, () => note(detector, 20_000, 51_000));
    expect(verdicts).toEqual([false, false, false, true]);
  });

  it('is none that carries, and no cable', () => {
    const detector = new DozeDetector();
    const busy = { minRttMicros: 2_000, smoothedRttMicros: 51_000 };
    for (let i = 0; i < 30; i++) {
      expect(detector.note({ ...busy, kind: 'wifi', state: 'carrying' })).toBe(false);
      expect(detector.note({ ...busy, kind: 'ethernet', state: 'standby' })).toBe(false);
    }
  });

  it('is forgotten once its answers are prompt', () => {
    const detector = new DozeDetector();
    for (let i = 0; i < 60; i++) note(detector, 2_000, 51_000);
    const verdicts = Array.from({ length: 10 }, () => note(detector, 2_000, 3_000));
    expect([verdicts[0], verdicts.at(-1)]).toEqual([true, false]);
  });
});

function note(detector: DozeDetector, minRttMicros: number, smoothedRttMicros: number): boolean {
  return detector.note({ kind: 'wifi', state: 'standby', minRttMicros, smoothedRttMicros });
}

function link(overrides: Partial<TroubledLink>): TroubledLink {
  return {
    kind: 'wifi',
    state: 'lost',
    isPortal: false,
    silentMicros: 6_000_000,
    isBoxElsewhere: true,
    isInBoxNetwork: true,
    boxNeighbour: 'silent',
    dozes: false,
    ...overrides,
  };
}
