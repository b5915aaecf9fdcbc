import { peerNameSchema } from '../../src-shared/model/box-status.ts';

/** A name that may be shown and stored, made of what the laptop calls itself. */
export function laptopNameOf(text: string): string {
  const name = text
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, LONGEST_NAME);
  return peerNameSchema.safeParse(name).success ? name : 'laptop';
}

const LONGEST_NAME = 63;
