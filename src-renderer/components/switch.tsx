import type { JSX } from 'react';
import { Switch as RadixSwitch } from 'radix-ui';
import { Icon } from './icon.tsx';
import styles from './switch.module.css';

/** A switch with a label that never changes; the state is in the switch, as a place and as a glyph. */
export function Switch({
  label,
  checked,
  isBusy = false,
  unavailableBecause = null,
  onChange,
}: {
  readonly label: string;
  readonly checked: boolean;
  /** Whether what it shows is asked for and not confirmed yet. */
  readonly isBusy?: boolean;
  /** The id of the text that says why it cannot be used; null if it can. */
  readonly unavailableBecause?: string | null;
  readonly onChange: (checked: boolean) => void;
}): JSX.Element {
  const isUnavailable = unavailableBecause !== null;
  return (
    <label className={styles['field']}>
      <span className={styles['label']}>{label}</span>
      <RadixSwitch.Root
        className={styles['switch']}
        checked={checked}
        aria-busy={isBusy}
        aria-disabled={isUnavailable || undefined}
        aria-describedby={unavailableBecause ?? undefined}
        onCheckedChange={(next) => {
          if (!isUnavailable) onChange(next);
        }}
      >
        <RadixSwitch.Thumb className={styles['thumb']}>
          <Icon name={checked ? 'check' : 'dash'} />
        </RadixSwitch.Thumb>
      </RadixSwitch.Root>
    </label>
  );
}
