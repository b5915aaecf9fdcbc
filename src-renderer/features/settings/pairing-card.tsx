import { useState, type JSX } from 'react';
import type { BoxIdentity } from '../../../src-shared/model/status.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { Facts } from '../../components/facts.tsx';
import { viewAddress } from '../../view.ts';
import { useModel, useWords } from '../../window-context.ts';
import styles from './settings.module.css';

/** The box that this laptop is paired with, and how to part from it. */
export function PairingCard({ box }: { readonly box: BoxIdentity | null }): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const [isAsking, setAsking] = useState(false);

  const forget = async (): Promise<void> => {
    const answer = await model.bridge.call('pairing.unpair', {});
    if (answer.ok) return;
    const { error } = answer;
    model.tell(error.code === 'NOT_PERMITTED' ? { ...error, message: t.unpairNeedsRoot } : error);
  };
  if (box === null) {
    return (
      <Card title={t.pairing} hint={t.notPaired}>
        <Button look="primary" onClick={() => (location.hash = viewAddress('setup'))}>
          {t.pairNow}
        </Button>
      </Card>
    );
  }
  return (
    <Card title={t.pairing} hint={t.pairedWith(box.name)}>
      <Facts
        rows={[
          { name: t.address, value: box.address, isCode: true },
          { name: t.fingerprint, value: box.fingerprint, isCode: true },
        ]}
      />
      <p className={styles['action']}>
        <Button onClick={() => setAsking(true)}>{t.unpair}</Button>
      </p>
      {isAsking && (
        <ConfirmDialog
          title={t.unpairTitle(box.name)}
          text={t.unpairText}
          confirm={t.unpairConfirm}
          cancel={t.cancel}
          onConfirm={() => void forget()}
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}
