import { native as addon } from '../src-native/lib/index.ts';
import type { NativeApi } from '../src-native/lib/types.ts';

// The types pass through the same door as the addon.
/* eslint-disable no-restricted-syntax */
export type * from '../src-native/lib/netlink-types.ts';
export type * from '../src-native/lib/types.ts';
/* eslint-enable no-restricted-syntax */

/**
 * The addon as the layers above see it: platform is the only folder that reaches src-native, so that there is one
 * place to look for what the operating system is asked.
 */
export const native: NativeApi = addon;
