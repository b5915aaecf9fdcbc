import * as z from 'zod';

/** One named check of the system with what was seen and what helps. */
export const doctorCheckSchema = z.object({
  name: z.string(),
  verdict: z.enum(['ok', 'warning', 'failed', 'skipped']),
  /** What was seen, as a sentence. */
  evidence: z.string(),
  /** What goes wrong when this is wrong, as a sentence. */
  explanation: z.string(),
  /** What to do about it; null when nothing is to be done. */
  fix: z.string().nullable(),
  /** Whether `--fix` can do it. */
  fixable: z.boolean(),
  /** True when `--fix` was asked for and the check's fix was applied. */
  fixed: z.boolean(),
});
export type DoctorCheck = z.infer<typeof doctorCheckSchema>;
