import { mkdirSync, rmdirSync } from 'node:fs';
import { ownGroupPrefix, findGroupRoot } from '../../src-platform/index.ts';
import { native } from '../../src-platform/native.ts';
import type { RuleFacility } from '../../src-shared/model/app-rule.ts';

/** Something that rules about programs take and that is not there, with the words of the system. */
export interface MissingFacility {
  readonly facility: RuleFacility;
  readonly because: string;
}

/** Whether rules about programs do nothing without it; else they come a moment late. */
export function isEssential({ facility }: MissingFacility): boolean {
  return facility === 'cgroup2' || facility === 'cgroup-bpf';
}

/** Tries what rules about programs take, but for what is learnt when the first one comes; nothing of it stays. */
export function missingFacilities(): readonly MissingFacility[] {
  return [...missingGroups(), ...missingStarts()];
}

function missingGroups(): readonly MissingFacility[] {
  const root = findGroupRoot();
  if (root === null) return [{ facility: 'cgroup2', because: 'no cgroup2 file system is mounted' }];
  const dir = `${root}/${ownGroupPrefix()}probe`;
  try {
    mkdirSync(dir);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== 'EEXIST') return [{ facility: 'cgroup2', because: error.message }];
  }
  try {
    native.cgroupMarkSet(dir, 0);
    return [];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [{ facility: 'cgroup-bpf', because: error.message }];
  } finally {
    rmdirSync(dir);
  }
}

function missingStarts(): readonly MissingFacility[] {
  try {
    new native.ProcessStarts().close();
    return [];
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return [{ facility: 'proc-connector', because: error.message }];
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
