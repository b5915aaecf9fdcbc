import { useId, type JSX } from 'react';
import { RadioGroup } from 'radix-ui';
import type { ChoiceProps } from './choice-menu.tsx';
import styles from './radio-cards.module.css';

/** A few choices that need a sentence each, one of them taken. */
export function RadioCards<Value extends string>({
  label,
  choices,
  value,
  onChange,
}: ChoiceProps<Value>): JSX.Element {
  const id = useId();
  return (
    <RadioGroup.Root
      className={styles['cards']}
      aria-label={label}
      value={value}
      onValueChange={(next) => onChange(next as Value)}
    >
      {choices.map((choice) => (
        <RadioGroup.Item
          key={choice.value}
          className={styles['card']}
          value={choice.value}
          aria-labelledby={`${id}-${choice.value}`}
          aria-describedby={`${id}-${choice.value}-hint`}
        >
          <span className={styles['ring']}>
            <RadioGroup.Indicator className={styles['dot']} />
          </span>
          <span>
            <span className={styles['name']} id={`${id}-${choice.value}`}>
              {choice.name}
            </span>
            <span className={styles['hint']} id={`${id}-${choice.value}-hint`}>
              {choice.hint}
            </span>
          </span>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
