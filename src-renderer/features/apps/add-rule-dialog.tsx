import { useRef, useState, type FormEvent, type JSX } from 'react';
import type { RuleAction, RuleSubject } from '../../../src-shared/model/app-rule.ts';
import { Button } from '../../components/button.tsx';
import type { Choice } from '../../components/choice-menu.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { Segments } from '../../components/segments.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useWords } from '../../window-context.ts';
import { DRAFT_KINDS, readDraft, type RuleDraft } from './rule-draft.ts';
import styles from './rules.module.css';

const EMPTY: RuleDraft = { kind: 'exec', text: '', protocol: 'any', port: '' };

const PROTOCOLS = ['any', 'tcp', 'udp'] as const;

/** Asks what a new rule is about and what it does. Escape closes it and adds nothing. */
export function AddRuleDialog({
  choices,
  onAdd,
  onClose,
}: {
  readonly choices: readonly Choice<RuleAction>[];
  readonly onAdd: (subject: RuleSubject, action: RuleAction) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [draft, setDraft] = useState(EMPTY);
  const [action, setAction] = useState<RuleAction>('direct');
  const [wrong, setWrong] = useState<'text' | 'port' | null>(null);

  const change = (part: Partial<RuleDraft>): void => {
    setDraft({ ...draft, ...part });
    setWrong(null);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const reading = readDraft(draft);
    if (reading.subject === null) {
      setWrong(reading.wrong);
      return;
    }
    dialog.current?.close();
    onAdd(reading.subject, action);
  };
  return (
    <Dialog ref={dialog} title={t.apps.addTitle} look="form" onClose={onClose}>
      <form noValidate onSubmit={submit}>
        <div className={styles['fields']}>
          <div>
            <Segments
              label={t.apps.about}
              value={draft.kind}
              choices={DRAFT_KINDS.map((value) => ({ value, name: t.apps.subject[value] }))}
              onChange={(kind) => change({ kind })}
            />
          </div>
          <TextField
            label={t.apps.field[draft.kind]}
            hint={t.apps.fieldHint[draft.kind]}
            value={draft.text}
            isFocused
            isInvalid={wrong === 'text'}
            autoComplete="off"
            maxLength={1_024}
            onChange={(text) => change({ text })}
          />
          {draft.kind === 'network' && (
            <div className={styles['pair']}>
              <Field label={t.apps.protocol}>
                <Segments
                  label={t.apps.protocol}
                  value={draft.protocol}
                  choices={PROTOCOLS.map((value) => ({ value, name: t.apps.protocols[value] }))}
                  onChange={(protocol) => change({ protocol })}
                />
              </Field>
              <TextField
                label={t.apps.port}
                hint={t.apps.portHint}
                value={draft.port}
                isInvalid={wrong === 'port'}
                inputMode="numeric"
                autoComplete="off"
                maxLength={5}
                onChange={(port) => change({ port })}
              />
            </div>
          )}
          {wrong !== null && (
            <p className={styles['wrong']} role="alert">
              <Icon name="alert" />
              <span>{wrong === 'port' ? t.apps.portWrong : t.apps.fieldWrong[draft.kind]}</span>
            </p>
          )}
          <SelectField label={t.apps.way} choices={choices} value={action} onChange={setAction} />
        </div>
        <DialogActions>
          <Button onClick={() => dialog.current?.close()}>{t.cancel}</Button>
          <Button look="primary" type="submit">
            {t.apps.add}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
