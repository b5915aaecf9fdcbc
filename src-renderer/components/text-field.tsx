import { useEffect, useId, useRef, type InputHTMLAttributes, type JSX } from 'react';
import styles from './field.module.css';
import { Field } from './field.tsx';

/** A labelled field for one line of text. */
export function TextField({
  label,
  hint,
  value,
  isFocused = false,
  isInvalid = false,
  look = 'text',
  onChange,
  ...rest
}: {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** Takes the focus when it appears because it was asked for. */
  readonly isFocused?: boolean;
  readonly isInvalid?: boolean;
  readonly look?: 'text' | 'code';
  readonly onChange: (value: string) => void;
} & Pick<InputHTMLAttributes<HTMLInputElement>, 'autoComplete' | 'inputMode' | 'maxLength'>): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFocused) input.current?.focus();
  }, [isFocused]);
  return (
    <Field id={id} label={label} hint={hint}>
      <input
        {...rest}
        ref={input}
        id={id}
        className={`${styles['control']} ${styles[look]}`}
        dir="ltr"
        value={value}
        spellCheck={false}
        aria-describedby={`${id}-hint`}
        aria-invalid={isInvalid || undefined}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
