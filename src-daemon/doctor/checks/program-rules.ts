import type { RuleFacility } from '../../../src-shared/model/app-rule.ts';
import { type Check, fine, type Subject, warning } from '../check.ts';

/** Tells what rules about programs lack. */
export function programRulesCheck(subject: Pick<Subject, 'missingFacilities'>): Check {
  return {
    name: 'program-rules',
    look: () => {
      const missing = subject.missingFacilities();
      const [first] = missing;
      if (first === undefined) return fine('programs can be told apart');
      const evidence = missing.map(({ facility, because }) => `${facility}: ${because}`).join('; ');
      return warning(evidence, ADVICE[first.facility]);
    },
  };
}

const ADVICE: Readonly<Record<RuleFacility, string>> = {
  cgroup2:
    'start the system with the unified control groups (kernel option systemd.unified_cgroup_hierarchy=1), and the service as it was installed',
  'cgroup-bpf': 'use a kernel from 5.8 on with CONFIG_CGROUP_BPF, and start the service as it was installed',
  'proc-connector':
    'use a kernel with CONFIG_PROC_EVENTS, and run the service on the machine itself rather than in a container',
  fanotify:
    'start the service by its unit file, whose first step opens what this takes; the kernel needs CONFIG_FANOTIFY_ACCESS_PERMISSIONS. Until then use bowline run where the first packet counts',
};
