/*
 * The addon as the layers above see it: platform is the only folder that reaches src-native, so that there is one
 * place to look for what the operating system is asked.
 */
export { native } from '../src-native/lib/index.ts';
export type * from '../src-native/lib/types.ts';
