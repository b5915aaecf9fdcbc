import { useId, useState, type JSX } from 'react';
import type { RuleAction, RuleStatus } from '../../../src-shared/model/app-rule.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { ChoiceMenu, type Choice } from '../../components/choice-menu.tsx';
import { Icon } from '../../components/icon.tsx';
import type { Words } from '../../window-context.ts';
import { AddRuleDialog } from './add-rule-dialog.tsx';
import styles from './row.module.css';
import { RuleFiles } from './rule-files.tsx';
import { RuleNotes } from './rule-notes.tsx';
import cardStyles from './rules.module.css';
import { SUBJECT_ICON, subjectText } from './subject-text.ts';
import { useRoving } from './use-roving.ts';
import { subjectKey, type Rules } from './use-rules.ts';
import { ruleProblem, ruleSentence, withPresent } from './ways.ts';

/** Rules that no row of an installed app shows: those of other kinds, and of apps that are gone. */
export function RulesCard({
  rules,
  shown,
  choices,
  words,
}: {
  readonly rules: Rules;
  readonly shown: readonly RuleStatus[];
  readonly choices: readonly Choice<RuleAction>[];
  readonly words: Words;
}): JSX.Element {
  const { t } = words;
  const roving = useRoving<HTMLUListElement>();
  const [isAdding, setAdding] = useState(false);
  return (
    <Card
      title={t.apps.rules}
      hint={t.apps.rulesHint}
      action={
        <Button onClick={() => setAdding(true)}>
          <Icon name="plus" />
          {t.apps.add}
        </Button>
      }
    >
      <ul {...roving} className={styles['rows']} aria-label={t.apps.rules} tabIndex={-1}>
        {shown.map((rule) => (
          <RuleRow key={subjectKey(rule.subject)} rule={rule} choices={choices} rules={rules} words={words} />
        ))}
      </ul>
      {shown.length === 0 && <p className={cardStyles['quiet']}>{t.apps.noRules}</p>}
      <RuleFiles rules={rules} />
      {isAdding && (
        <AddRuleDialog
          choices={choices}
          onAdd={(subject, action) => rules.choose(subject, action)}
          onClose={() => setAdding(false)}
        />
      )}
    </Card>
  );
}

function RuleRow({
  rule,
  choices,
  rules,
  words,
}: {
  readonly rule: RuleStatus;
  readonly choices: readonly Choice<RuleAction>[];
  readonly rules: Rules;
  readonly words: Words;
}): JSX.Element {
  const { t, format } = words;
  const { subject, action, toRestart } = rule;
  const text = subjectText(subject, words);
  const notes = useId();
  return (
    <li className={`${styles['row']} ${styles['rule']}`} data-row={subjectKey(subject)}>
      <span className={styles['picture']}>
        <span className={styles['sign']}>
          <Icon name={SUBJECT_ICON[subject.kind]} />
        </span>
      </span>
      <p className={styles['name']}>
        <span dir="auto">{text}</span> <span className={styles['kind']}>{t.apps.subject[subject.kind]}</span>
      </p>
      <RuleNotes
        id={notes}
        sentence={ruleSentence(action, words)}
        problem={ruleProblem(rule, words)}
        toRestart={toRestart}
        isSingleInstance={false}
        t={t}
        format={format}
      />
      <div className={styles['controls']}>
        <ChoiceMenu
          label={t.apps.wayOf(text)}
          value={action}
          choices={withPresent(choices, action, words)}
          onChange={(next) => rules.choose(subject, next)}
          describedBy={notes}
        />
        <Button
          look="quiet"
          aria-label={t.apps.removeRuleOf(text)}
          onClick={() => rules.choose(subject, null)}
        >
          {t.apps.remove}
        </Button>
      </div>
    </li>
  );
}
