import { checkTextsOf } from '../../src-shared/i18n/checks-texts.ts';
import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import { type Check, type Finding, warning } from './check.ts';

/**
 * Runs all checks at once and tells what each saw, in their order. A check that fails or hangs says so itself and
 * hides no other.
 *
 * @param fix also applies the fixes that are safe, one after the other, and looks once more after each
 */
export async function runChecks(checks: readonly Check[], fix: boolean): Promise<DoctorCheck[]> {
  const findings = await Promise.all(checks.map((check) => lookWithin(check)));
  const results: DoctorCheck[] = [];
  for (const [index, check] of checks.entries()) {
    const finding = findings[index]!;
    results.push(
      fix && finding.repair !== undefined ? await mend(check, finding) : told(check, finding, false),
    );
  }
  return results;
}

async function mend(check: Check, before: Finding): Promise<DoctorCheck> {
  try {
    await within(before.repair!());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return told(check, { ...before, evidence: `${before.evidence}; the fix failed: ${reason}` }, false);
  }
  const after = await lookWithin(check);
  if (after.verdict !== 'ok') {
    return told(check, { ...after, evidence: `${after.evidence}, also after the fix` }, false);
  }
  return told(
    check,
    { ...before, verdict: 'ok', evidence: `${before.evidence}; now: ${after.evidence}` },
    true,
  );
}

function told(check: Check, finding: Finding, fixed: boolean): DoctorCheck {
  const { name } = check;
  const explanation = checkTextsOf(name, 'en')?.explanation ?? '';
  const { verdict, evidence, fix, repair } = finding;
  return { name, verdict, evidence, explanation, fix, fixable: repair !== undefined, fixed };
}

async function lookWithin(check: Check): Promise<Finding> {
  try {
    return await within(Promise.resolve().then(() => check.look()));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return warning(`the check could not be made: ${reason}`, null);
  }
}

/** @throws Error when the work takes too long; what becomes of it then is nobody's business. */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Most checks answer within milliseconds; the slowest waits for a name service. People wait for the sum. */
const LIMIT_MS = 5_000;
