import { en } from '../i18n/en.ts';
import { formatDuration, formatRate, formatRatio } from '../i18n/format.ts';
import type { LinkModel, LinkStatus } from '../model/link.ts';

/** Says what a link does for the tunnel, and why not more: `carrying`, `stands by`, `left out: too slow`. */
export function describeLinkUse({ state, model }: Pick<LinkStatus, 'state' | 'model'>): string {
  if (state !== 'standby' || model === null) return en.linkState[state];
  if (model.excludedBecause !== null) return en.leftOut[model.excludedBecause];
  return model.role === 'trial' ? en.onTrial : en.linkState.standby;
}

/** Says what a link can carry, as far as it was learned: `92 Mbit/s`, or nothing that would be a guess. */
export function describeCapacity(model: LinkModel | null): string | null {
  const rate = model?.sendBitsPerSecond ?? null;
  return rate === null ? null : formatRate(rate);
}

/** Says how a link is: `carries 92 Mbit/s, 1.2 ms, 0% loss`. */
export function describeLinkModel(model: LinkModel): string {
  const capacity = describeCapacity(model);
  return [
    capacity === null ? en.rateUnknown : en.carriesUpTo(capacity),
    formatDuration(model.smoothedRttMicros),
    en.losses(formatRatio(model.lossRatio)),
  ].join(', ');
}
