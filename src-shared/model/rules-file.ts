import * as z from 'zod';
import { err, ok, type Result } from '../util/result.ts';
import {
  MAX_RULES,
  ruleActionSchema,
  ruleSubjectSchema,
  type RuleAction,
  type RuleSubject,
} from './app-rule.ts';

/** Version of the file that this program writes. */
const RULES_FILE_VERSION = 1;

/** A rule as it is handed from one laptop to another: ids belong to the one that made them. */
export interface RuleWish {
  readonly subject: RuleSubject;
  readonly action: RuleAction;
}

/** Why a file cannot be taken over. `rule`: the one with this number, counted from 1, says something unknown. */
export type RulesFileFault =
  | { readonly kind: 'not-json' }
  | { readonly kind: 'not-rules' }
  | { readonly kind: 'other-version' }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'rule'; readonly number: number };

const rulesFileSchema = z.object({
  rules: z.array(z.object({ subject: ruleSubjectSchema, action: ruleActionSchema })).max(MAX_RULES),
});

/** Writes rules as a file that {@link readRulesFile} takes. */
export function writeRulesFile(rules: readonly RuleWish[]): string {
  const wishes = rules.map(({ subject, action }) => ({ subject, action }));
  return `${JSON.stringify({ version: RULES_FILE_VERSION, rules: wishes }, null, 2)}\n`;
}

/** Reads what {@link writeRulesFile} wrote; all of it or nothing. */
export function readRulesFile(text: string): Result<RuleWish[], RulesFileFault> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Where the text breaks off helps nobody who did not write it by hand.
    return err({ kind: 'not-json' });
  }
  const version = versionOf(content);
  if (version === null) return err({ kind: 'not-rules' });
  if (version !== RULES_FILE_VERSION) return err({ kind: 'other-version' });
  const file = rulesFileSchema.safeParse(content);
  if (file.success) return ok(file.data.rules);
  const [field, index] = file.error.issues[0]?.path ?? [];
  if (field === 'rules' && typeof index === 'number') return err({ kind: 'rule', number: index + 1 });
  return err({ kind: file.error.issues[0]?.code === 'too_big' ? 'too-many' : 'not-rules' });
}

function versionOf(content: unknown): number | null {
  if (typeof content !== 'object' || content === null || !('version' in content)) return null;
  return typeof content.version === 'number' ? content.version : null;
}
