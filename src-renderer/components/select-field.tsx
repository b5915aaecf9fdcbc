import { useId, type JSX } from 'react';
import type { ChoiceProps } from './choice-menu.tsx';
import styles from './field.module.css';
import { Field } from './field.tsx';

/** A labelled choice by the browser's own menu, for dialogs: a menu of ours would open behind them. */
export function SelectField<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: ChoiceProps<Value>): JSX.Element {
  const id = useId();
  return (
    <Field id={id} label={label} hint={choices.find((choice) => choice.value === value)?.hint ?? ''}>
      <select
        id={id}
        className={styles['control']}
        value={value}
        aria-describedby={`${id}-hint`}
        onChange={({ target }) => onChange(target.value as Value)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.name}
          </option>
        ))}
      </select>
    </Field>
  );
}
