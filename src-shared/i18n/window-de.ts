import { windowEn } from './window-en.ts';
export const windowDe = windowEn;
