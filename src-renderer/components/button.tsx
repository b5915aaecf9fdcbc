import type { ButtonHTMLAttributes, JSX } from 'react';
import styles from './button.module.css';

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'disabled' | 'type'> & {
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger';
  /** Keeps the button focusable while it does nothing, so that a reader can still find out why. */
  readonly isUnavailable?: boolean;
  readonly type?: 'button' | 'submit';
};

/** A button with one of the window's looks. */
export function Button({
  look = 'plain',
  isUnavailable = false,
  type = 'button',
  onClick,
  ...rest
}: ButtonProps): JSX.Element {
  return (
    <button
      {...rest}
      type={type}
      className={`${styles['button']} ${styles[look]}`}
      aria-disabled={isUnavailable || undefined}
      onClick={(event) => {
        if (isUnavailable) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
