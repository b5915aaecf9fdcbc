import type { JSX } from 'react';
import { RadioGroup } from 'radix-ui';
import styles from './segments.module.css';

/** A few short choices side by side, one of them taken. */
export function Segments<Value extends string>({
  label,
  hintId,
  choices,
  value,
  onChange,
}: {
  readonly label: string;
  /** The id of the text that says what the present choice means. */
  readonly hintId?: string;
  readonly choices: readonly { readonly value: Value; readonly name: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}): JSX.Element {
  return (
    <RadioGroup.Root
      className={styles['segments']}
      aria-label={label}
      aria-describedby={hintId}
      orientation="horizontal"
      value={value}
      onValueChange={(next) => onChange(next as Value)}
    >
      {choices.map((choice) => (
        <RadioGroup.Item key={choice.value} className={styles['segment']} value={choice.value}>
          {choice.name}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
