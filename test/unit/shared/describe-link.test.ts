import { describe, expect, it } from 'vitest';
import type { LinkModel, LinkState } from '../../../src-shared/model/link.ts';
import {
  describeCapacity,
  describeLinkModel,
  describeLinkUse,
} from '../../../src-shared/view/describe-link.ts';
import { linkModel } from '../../support/status.ts';

describe('describing what a link does', () => {
  it.each<[LinkState, Partial<LinkModel> | null, string]>([
    ['carrying', { role: 'member' }, 'carrying'],
    ['standby', { role: 'standby' }, 'stands by'],
    ['standby', { role: 'trial' }, 'on trial'],
    ['standby', { role: 'excluded', excludedBecause: 'too-slow' }, 'left out: too slow'],
    ['standby', { role: 'excluded', excludedBecause: 'too-lossy' }, 'left out: loses too much'],
    ['standby', null, 'stands by'],
    ['suspect', null, 'in doubt'],
    ['lost', null, 'lost'],
  ])('%s with %j: %s', (state, model, text) => {
    expect(describeLinkUse({ state, model: model === null ? null : linkModel(model) })).toBe(text);
  });

  it('says what was learned, and no rate that would be a guess', () => {
    const model = linkModel({ sendBitsPerSecond: 92e6, smoothedRttMicros: 1_200, lossRatio: 0.001 });
    expect(describeLinkModel(model)).toBe('carries 92 Mbit/s, 1.2 ms, 0.1% loss');
    expect(describeCapacity(model)).toBe('92 Mbit/s');
    const unknown = linkModel({ sendBitsPerSecond: null, smoothedRttMicros: 5_100 });
    expect(describeLinkModel(unknown)).toBe('rate unknown, 5.1 ms, 0% loss');
    expect(describeCapacity(unknown)).toBeNull();
  });
});
