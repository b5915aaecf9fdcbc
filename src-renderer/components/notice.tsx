import type { JSX, ReactNode } from 'react';
import type { Tone } from '../../src-shared/view/describe-status.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import styles from './notice.module.css';

const TONE_ICON: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  neutral: 'dots',
  warning: 'warning',
  problem: 'alert',
};

/** A strip that says something that needs attention; assertive where somebody has to act. */
export function Notice({
  tone,
  children,
  dismiss = null,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly dismiss?: { readonly label: string; readonly onDismiss: () => void } | null;
}): JSX.Element {
  return (
    <div className={`${styles['notice']} ${styles[tone]}`} role={tone === 'problem' ? 'alert' : 'status'}>
      <Icon name={TONE_ICON[tone]} />
      <div className={styles['text']}>{children}</div>
      {dismiss !== null && (
        <Button look="quiet" onClick={dismiss.onDismiss}>
          {dismiss.label}
        </Button>
      )}
    </div>
  );
}
