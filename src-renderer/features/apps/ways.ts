import type { RuleAction, RuleStatus } from '../../../src-shared/model/app-rule.ts';
import type { Choice } from '../../components/choice-menu.tsx';
import type { Words } from '../../window-context.ts';

/** What may be chosen for an app: the action of a rule, or no rule. */
export type Way = RuleAction | typeof AUTOMATIC;

export const AUTOMATIC = 'automatic';

const ACTIONS = ['bonded', 'redundant', 'block-without-tunnel', 'direct'] as const;

const ONLY = 'only:';

type WayWords = Pick<Words, 't' | 'label'>;

/** Everything that a rule can do on a laptop with these links, each with a sentence. */
export function actionChoices(linkNames: readonly string[], words: WayWords): readonly Choice<RuleAction>[] {
  return [...ACTIONS, ...linkNames.map((name): RuleAction => `${ONLY}${name}`)].map((action) =>
    choiceOf(action, words),
  );
}

/** What may be chosen for an app. */
export function wayChoices(linkNames: readonly string[], words: WayWords): readonly Choice<Way>[] {
  const { apps } = words.t;
  const automatic = { value: AUTOMATIC, name: apps.automatic, hint: apps.automaticHint } as const;
  return [automatic, ...actionChoices(linkNames, words)];
}

/** The choices, with the present one even if its link is not there. */
export function withPresent<Value extends Way>(
  choices: readonly Choice<Value>[],
  present: Value,
  words: WayWords,
): readonly Choice<Value>[] {
  if (present === AUTOMATIC || choices.some(({ value }) => value === present)) return choices;
  return [...choices, { ...choiceOf(present, words), value: present }];
}

/** What a rule does, in one sentence. */
export function ruleSentence(action: RuleAction, words: WayWords): string {
  return choiceOf(action, words).hint;
}

/** What keeps a rule from doing what it says; null if nothing does. */
export function ruleProblem({ problem }: RuleStatus, { t }: WayWords): string | null {
  return problem === null ? null : t.apps.problem[problem];
}

function choiceOf(action: RuleAction, { t: { apps }, label }: WayWords): Choice<RuleAction> {
  if (isOnly(action)) {
    const link = label(action.slice(ONLY.length));
    return { value: action, name: apps.only(link), hint: apps.onlyHint(link) };
  }
  return { value: action, name: apps.wayName[action], hint: apps.wayHint[action] };
}

function isOnly(action: RuleAction): action is `only:${string}` {
  return action.startsWith(ONLY);
}
