import { useState, type FormEvent, type JSX } from 'react';
import type { ControlError } from '../../../src-shared/control/error.ts';
import { Button } from '../../components/button.tsx';
import { CommandLine } from '../../components/command-line.tsx';
import { Notice } from '../../components/notice.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './onboarding.module.css';
import { pairingProblem } from './pairing-problem.ts';
import type { ChosenBox } from './steps.ts';

const CODE_DIGITS = 8;

/** The same digits on both sides: the user types what the box shows. */
export function CodeStep({
  box,
  onBack,
}: {
  readonly box: ChosenBox;
  readonly onBack: () => void;
}): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const [code, setCode] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ControlError | null>(null);
  const isComplete = code.length === CODE_DIGITS;

  const pair = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    const answer = await model.bridge.call('pairing.pair', { box: box.target, code });
    setBusy(false);
    if (answer.ok) {
      // The next step is a test of the tunnel, so it is wanted now.
      model.setWanted(true);
      return;
    }
    setError(answer.error);
    setCode('');
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isComplete && !isBusy) void pair();
  };
  return (
    <form className={styles['stack']} onSubmit={submit}>
      <TextField
        label={t.codeLabel}
        hint={t.codeHint(box.name)}
        look="code"
        value={code}
        isFocused
        isInvalid={error !== null}
        autoComplete="one-time-code"
        inputMode="numeric"
        onChange={(text) => setCode(text.replaceAll(/\D/g, '').slice(0, CODE_DIGITS))}
      />
      <CommandLine command="sudo bowline-box pair" />
      {error !== null && <Notice tone="problem">{pairingProblem(error, t)}</Notice>}
      <div className={styles['actions']}>
        <Button look="primary" type="submit" isUnavailable={!isComplete || isBusy} aria-busy={isBusy}>
          {isBusy ? t.pairingBusy : t.pair}
        </Button>
        <Button onClick={onBack}>{t.back}</Button>
      </div>
    </form>
  );
}
