import { alignColumns } from '../../src-shared/command-line/columns.ts';
import type { UnplugKind } from '../../src-shared/control/contract.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { formatDuration } from '../../src-shared/i18n/format.ts';
import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** The daemon watches the test for a few seconds and puts the link back before it answers. */
const UNPLUG_TIMEOUT_MS = 30_000;

/** Some checks wait for answers from the network. */
const DOCTOR_TIMEOUT_MS = 60_000;

/** Plays the loss of a link and prints what it cost. */
export async function runUnplugTest(
  { client, isJson, print }: CommandContext,
  kind: UnplugKind,
  link: string | undefined,
): Promise<CommandOutcome> {
  const params = link === undefined ? { kind } : { kind, link };
  const answer = await client.call('test.unplug', params, { timeoutMs: UNPLUG_TIMEOUT_MS });
  if (!answer.ok) return answer.error;
  const report = answer.value;
  if (isJson) {
    print(JSON.stringify(report));
    return null;
  }
  print(
    [
      `${report.link} taken away, ${report.to} took over`,
      `${formatDuration(report.gapMicros)} gap, ${report.packetsReplayed} packets sent again, ${report.packetsLost} lost`,
    ].join('\n'),
  );
  return null;
}

/** Prints the checks; fails when one of them failed. */
export async function runDoctor(
  { client, isJson, print }: CommandContext,
  fix: boolean,
): Promise<CommandOutcome> {
  const answer = await client.call('doctor.run', { fix }, { timeoutMs: DOCTOR_TIMEOUT_MS });
  if (!answer.ok) return answer.error;
  const { checks } = answer.value;
  print(isJson ? JSON.stringify({ checks }) : doctorText(checks));
  const failed = checks.filter(({ verdict, fixed }) => verdict === 'failed' && !fixed);
  if (failed.length === 0) return null;
  const names = failed.map(({ name }) => name).join(', ');
  return controlError('NOT_POSSIBLE_NOW', `failed: ${names}; each check names what helps`);
}

function doctorText(checks: readonly DoctorCheck[]): string {
  const rows = checks.map((check) => [check.fixed ? 'fixed' : check.verdict, check.name, check.evidence]);
  const lines = alignColumns(rows);
  return checks.flatMap((check, index) => [lines[index] ?? '', ...adviceLines(check)]).join('\n');
}

function adviceLines({ verdict, explanation, fix, fixable, fixed }: DoctorCheck): readonly string[] {
  if (fixed) return [];
  const lines = verdict === 'failed' || verdict === 'warning' ? [explanation] : [];
  if (fix !== null) lines.push(fixable ? `${fix} (bowline doctor --fix does it)` : fix);
  return lines.map((line) => `  ${line}`);
}
