import type { Exec, LinkSnapshot, MachineFacts, Sysctls } from '../../src-platform/index.ts';
import type { InetSocket } from '../../src-platform/native.ts';
import type { DomainRules } from '../apps/domain-rules.ts';
import type { MissingFacility } from '../apps/facilities.ts';
import type { CheckName } from '../../src-shared/i18n/checks-en.ts';
import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';

/** One thing the doctor looks at. Looking changes nothing. */
export interface Check {
  readonly name: CheckName;
  /** May fail or hang: the other checks do not wait for it. */
  look(): Promise<Finding> | Finding;
}

/** What a check saw. */
export interface Finding {
  readonly verdict: DoctorCheck['verdict'];
  readonly evidence: string;
  /** What to do about it; null when nothing is to be done. */
  readonly fix: string | null;
  /** Does it, where that is safe and can be undone: what it changes is journalled. */
  readonly repair?: () => Promise<unknown>;
}

/** What checks look at. */
export interface Subject {
  status(): DaemonStatus;
  readonly links: readonly LinkSnapshot[];
  readonly sysctls: Pick<Sysctls, 'read' | 'list' | 'apply'>;
  readonly machine: MachineFacts;
  readonly exec: Exec;
  /** What names, radios and the networks of the links have to say. */
  readonly desktopChecks: readonly Check[];
  /** What rules about programs lack; looks anew each time. */
  readonly missingFacilities: () => readonly MissingFacility[];
  /** What rules about domains hear, and what may keep them from it. */
  readonly domains: {
    readonly rules: Pick<DomainRules, 'domains' | 'failure' | 'isUnheard'>;
    isResolvedEncrypting(): Promise<boolean>;
    sockets(): readonly Pick<InetSocket, 'remote' | 'remotePort'>[];
  };
  readonly stateDir: string;
  readonly socketPath: string;
}

export function fine(evidence: string): Finding {
  return { verdict: 'ok', evidence, fix: null };
}

/** Something works less well than it could. */
export function warning(evidence: string, fix: string | null, repair?: Finding['repair']): Finding {
  return { verdict: 'warning', evidence, fix, ...(repair === undefined ? {} : { repair }) };
}

/** Something does not work. */
export function broken(evidence: string, fix: string | null, repair?: Finding['repair']): Finding {
  return { verdict: 'failed', evidence, fix, ...(repair === undefined ? {} : { repair }) };
}

/** Nothing could be seen, which says nothing about whether it works. */
export function unseen(evidence: string, fix: string | null = null): Finding {
  return { verdict: 'skipped', evidence, fix };
}

/** The links that may carry the tunnel. */
export function usedLinks({ links }: Pick<Subject, 'links'>): readonly LinkSnapshot[] {
  return links.filter((link) => link.ignoredBecause === null);
}
