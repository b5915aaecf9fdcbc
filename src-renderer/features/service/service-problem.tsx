import { useState, type JSX } from 'react';
import type { UnreachableReason } from '../../../src-shared/model/status.ts';
import { Button } from '../../components/button.tsx';
import { CommandLine } from '../../components/command-line.tsx';
import { Card } from '../../components/card.tsx';
import { useModel, useWindow, useWords } from '../../window-context.ts';
import styles from './service.module.css';

/** What helps by hand, where the window cannot do it itself. */
const COMMANDS: Readonly<Record<UnreachableReason, string>> = {
  stopped: 'sudo systemctl start bowlined',
  'not-installed': 'sudo systemctl enable --now bowlined',
  'no-permission': 'sudo usermod -aG bowline "$USER"',
  version: 'sudo systemctl restart bowlined',
};

/** Why the service cannot be asked, and the one thing that helps. */
export function ServiceProblem({ reason }: { readonly reason: UnreachableReason }): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const otherVersion = useWindow((state) => state.otherVersion);
  const [isBusy, setBusy] = useState(false);
  const { fixService, version } = model.bridge.shell;

  const fix = async (): Promise<void> => {
    if (fixService === null) return;
    setBusy(true);
    const outcome = await fixService(reason);
    setBusy(false);
    if (!outcome.ok && !outcome.error.isCancelled) {
      model.tell({ code: 'INTERNAL', message: outcome.error.message });
    }
  };
  return (
    <Card title={t.problemAction[reason]}>
      <div className={styles['problem']}>
        <p>{t.problem[reason]}</p>
        {otherVersion !== null && <p>{t.problemVersions(version, otherVersion)}</p>}
        {fixService === null ? (
          <div>
            <p className={styles['lead']}>{t.problemCommand}</p>
            <CommandLine command={COMMANDS[reason]} />
          </div>
        ) : (
          <p>
            <Button look="primary" isUnavailable={isBusy} aria-busy={isBusy} onClick={() => void fix()}>
              {isBusy ? t.workingOnIt : t.problemAction[reason]}
            </Button>
          </p>
        )}
        <p className={styles['text']}>{t.problemWaiting}</p>
      </div>
    </Card>
  );
}
