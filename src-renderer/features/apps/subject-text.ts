import type { RuleSubject } from '../../../src-shared/model/app-rule.ts';
import type { IconName } from '../../components/icon.tsx';
import type { Words } from '../../window-context.ts';

/** The sign of what a rule is about; the word stands beside it. */
export const SUBJECT_ICON: Readonly<Record<RuleSubject['kind'], IconName>> = {
  app: 'apps',
  exec: 'program',
  cgroup: 'group',
  user: 'user',
  domain: 'globe',
  network: 'network',
};

/** What a rule is about, without its kind. */
export function subjectText(subject: RuleSubject, { t }: Pick<Words, 't'>): string {
  switch (subject.kind) {
    case 'app':
      return subject.id;
    case 'exec':
    case 'cgroup':
      return subject.path;
    case 'user':
    case 'domain':
      return subject.name;
    case 'network':
      return t.apps.networkWith(
        subject.network,
        subject.protocol === undefined ? '' : t.apps.protocols[subject.protocol],
        subject.port === undefined ? '' : String(subject.port),
      );
  }
}
