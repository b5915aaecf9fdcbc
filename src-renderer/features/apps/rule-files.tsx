import { useRef, useState, type JSX } from 'react';
import { readRulesFile, writeRulesFile, type RuleWish } from '../../../src-shared/model/rules-file.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import { useWords } from '../../window-context.ts';
import styles from './rules.module.css';
import type { Rules } from './use-rules.ts';

/** What the file is called unless the user says otherwise. */
const FILE_NAME = 'bowline-rules.json';

/** Read at most: the largest set of rules takes less. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

type Outcome =
  | { readonly kind: 'imported'; readonly count: number }
  | { readonly kind: 'refused'; readonly because: string };

/** Rules out into a file and back, as a page can do it: a download, and a file that is chosen. */
export function RuleFiles({ rules }: { readonly rules: Rules }): JSX.Element {
  const { t, format } = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  /** What was read and waits for a yes. */
  const [read, setRead] = useState<readonly RuleWish[] | null>(null);
  const present = rules.report?.rules ?? [];

  const takeOver = async (wishes: readonly RuleWish[]): Promise<void> => {
    if (await rules.replace(wishes)) setOutcome({ kind: 'imported', count: wishes.length });
  };
  const open = async (file: File): Promise<void> => {
    setOutcome(null);
    const content = readRulesFile(file.size > MAX_FILE_BYTES ? '' : await file.text());
    if (!content.ok) {
      const { error } = content;
      const number = error.kind === 'rule' ? format.count(error.number) : '';
      setOutcome({ kind: 'refused', because: t.apps.importFault[error.kind](file.name, number) });
    } else if (present.length > 0) setRead(content.value);
    else await takeOver(content.value);
  };
  return (
    <>
      <div className={styles['files']}>
        <Button onClick={() => download(writeRulesFile(present))}>{t.apps.export}</Button>
        <Button
          onClick={() => {
            input.current?.click();
          }}
        >
          {t.apps.import}
        </Button>
        <input
          ref={input}
          hidden
          type="file"
          aria-label={t.apps.import}
          accept=".json,application/json"
          onChange={({ target }) => {
            const file = target.files?.[0];
            if (file !== undefined) void open(file);
            // Else the same file could not be chosen again after it was corrected.
            target.value = '';
          }}
        />
      </div>
      <div className={styles['outcome']} aria-live="polite">
        {outcome?.kind === 'imported' && <Notice tone="good">{t.apps.imported(outcome.count)}</Notice>}
        {outcome?.kind === 'refused' && <Notice tone="problem">{outcome.because}</Notice>}
      </div>
      {read !== null && (
        <ConfirmDialog
          title={t.apps.importTitle}
          text={t.apps.importText(present.length, read.length)}
          confirm={t.apps.importConfirm}
          cancel={t.cancel}
          onConfirm={() => void takeOver(read)}
          onClose={() => setRead(null)}
        />
      )}
    </>
  );
}

function download(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = FILE_NAME;
  link.click();
  // The browser has taken the content over as soon as the click is handled.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
