import type { JSX } from 'react';
import { DropdownMenu } from 'radix-ui';
import { Icon } from './icon.tsx';
import styles from './choice-menu.module.css';

/** One of the things that a menu offers. */
export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
  readonly hint: string;
}

/** What every way to choose needs. */
export interface ChoiceProps<Value extends string> {
  /** Names the whole; where it is not shown, for those who do not see what it stands beside. */
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** A button that shows the present choice and opens a menu with all of them, each with what it does. */
export function ChoiceMenu<Value extends string>({
  label,
  choices,
  value,
  onChange,
  describedBy,
}: ChoiceProps<Value> & {
  /** Id of the element that says what the present choice does. */
  readonly describedBy?: string;
}): JSX.Element {
  const present = choices.find((choice) => choice.value === value);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className={styles['trigger']}
        aria-label={`${label}: ${present?.name ?? value}`}
        aria-describedby={describedBy}
      >
        {present?.name ?? value}
        <Icon name="chevron" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles['menu']} align="end" sideOffset={4} aria-label={label}>
          <DropdownMenu.RadioGroup value={value} onValueChange={(next) => onChange(next as Value)}>
            {choices.map((choice) => (
              <DropdownMenu.RadioItem key={choice.value} value={choice.value} className={styles['item']}>
                <span className={styles['mark']}>
                  <DropdownMenu.ItemIndicator>
                    <Icon name="check" />
                  </DropdownMenu.ItemIndicator>
                </span>
                <span>
                  <span className={styles['name']}>{choice.name}</span>
                  <span className={styles['hint']}>{choice.hint}</span>
                </span>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
