import type { DoctorCheck } from '../../../src-shared/model/doctor.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { describeStatus } from '../../../src-shared/view/describe-status.ts';

/**
 * Everything that helps to find a fault, as text for a person to read and to hand on. In English whatever the window's
 * language is, since those who help may have another one. There are no keys in a status.
 */
export function reportText(
  status: DaemonStatus,
  checks: readonly DoctorCheck[] | null,
  window: { readonly version: string; readonly shell: string; readonly now: number },
): string {
  const { headline, detail } = describeStatus(status, window.now);
  return [
    `Bowline report, ${new Date(window.now).toISOString()}`,
    `window ${window.version} (${window.shell}), service ${status.version.daemon}, box ${status.version.box ?? 'unknown'}`,
    `${headline}: ${detail}`,
    '',
    'Checks',
    ...(checks === null
      ? ['  not run']
      : checks.flatMap((check) => [
          `  ${check.fixed ? 'fixed' : check.verdict}  ${check.name}: ${check.evidence}`,
          ...(check.verdict === 'ok' ? [] : [`    ${check.explanation}`]),
          ...(check.fix === null ? [] : [`    ${check.fix}`]),
        ])),
    '',
    'Status',
    JSON.stringify(status, null, 2),
    '',
  ].join('\n');
}
