import { useCallback, useEffect, useState, type FormEvent, type JSX } from 'react';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { FoundBox } from '../../../src-shared/model/found-box.ts';
import { DEFAULT_PORT } from '../../../src-shared/model/defaults.ts';
import { Button } from '../../components/button.tsx';
import { CommandLine } from '../../components/command-line.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './onboarding.module.css';
import type { ChosenBox } from './steps.ts';

/** Announcements come within a second; the rest is for a box that is still starting. */
const SEARCH_MS = 3_000;

type Search =
  | { readonly kind: 'searching' }
  | { readonly kind: 'failed'; readonly error: ControlError }
  | { readonly kind: 'found'; readonly boxes: readonly FoundBox[] };

/** Looks for boxes on the network and lets the user choose one. */
export function FindStep({ onChoose }: { readonly onChoose: (box: ChosenBox) => void }): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const [search, setSearch] = useState<Search>({ kind: 'searching' });
  const [hasAddressField, setAddressField] = useState(false);

  const look = useCallback(async (): Promise<void> => {
    setSearch({ kind: 'searching' });
    const answer = await model.bridge.call('boxes.find', { timeoutMillis: SEARCH_MS });
    setSearch(
      answer.ok ? { kind: 'found', boxes: answer.value.boxes } : { kind: 'failed', error: answer.error },
    );
  }, [model]);
  useEffect(() => void look(), [look]);

  return (
    <div className={styles['stack']}>
      <div aria-live="polite" className={styles['stack']}>
        {search.kind === 'searching' && (
          <p className={styles['searching']}>
            <Icon name="search" />
            {t.searching}
          </p>
        )}
        {search.kind === 'failed' && (
          <Notice tone="warning">
            {search.error.code === 'UNKNOWN_METHOD' ? t.serviceTooOld : t.callFailed(search.error.message)}
          </Notice>
        )}
        {search.kind === 'found' &&
          (search.boxes.length === 0 ? (
            <NoBox />
          ) : (
            <ul className={styles['boxes']}>
              {search.boxes.map((box) => (
                <li key={box.fingerprint}>
                  <BoxButton box={box} onChoose={onChoose} />
                </li>
              ))}
            </ul>
          ))}
      </div>
      {hasAddressField ? (
        <AddressForm onChoose={onChoose} />
      ) : (
        <div className={styles['actions']}>
          {search.kind !== 'searching' && <Button onClick={() => void look()}>{t.searchAgain}</Button>}
          <Button look="quiet" onClick={() => setAddressField(true)}>
            {t.useAddress}
          </Button>
        </div>
      )}
    </div>
  );
}

function NoBox(): JSX.Element {
  const { t } = useWords();
  return (
    <>
      <p className={styles['strong']}>{t.noBoxFound}</p>
      <p className={styles['quiet']}>{t.noBoxFoundHint}</p>
      <CommandLine command="sudo systemctl start bowline-box" />
    </>
  );
}

function BoxButton({
  box,
  onChoose,
}: {
  readonly box: FoundBox;
  readonly onChoose: (box: ChosenBox) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className={styles['box']}
      onClick={() => onChoose({ name: box.name, target: targetOf(box) })}
    >
      <Icon name="box" />
      <span className={styles['boxWords']}>
        <span className={styles['strong']}>{box.name}</span>
        <span className={styles['quiet']} dir="ltr">
          {box.addresses.join(', ')}
        </span>
      </span>
      <code className={styles['fingerprint']} dir="ltr">
        {box.fingerprint}
      </code>
    </button>
  );
}

function AddressForm({ onChoose }: { readonly onChoose: (box: ChosenBox) => void }): JSX.Element {
  const { t } = useWords();
  const [address, setAddress] = useState('');
  const trimmed = address.trim();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (trimmed !== '') onChoose({ name: trimmed, target: trimmed });
  };
  return (
    <form className={styles['stack']} onSubmit={submit}>
      <TextField
        label={t.addressLabel}
        hint={t.addressHint}
        value={address}
        isFocused
        onChange={setAddress}
      />
      <div>
        <Button look="primary" type="submit" isUnavailable={trimmed === ''}>
          {t.continue}
        </Button>
      </div>
    </form>
  );
}

/** The box as `pairing.pair` takes it. */
function targetOf({ addresses, port }: FoundBox): string {
  const address = addresses[0] ?? '';
  const host = address.includes(':') ? `[${address}]` : address;
  return port === DEFAULT_PORT ? host : `${host}:${port}`;
}
