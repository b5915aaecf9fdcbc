import type { JSX } from 'react';
import type { LinkStatus, MeteredChoice } from '../../../src-shared/model/link.ts';
import { ChoiceMenu } from '../../components/choice-menu.tsx';
import { useModel, useWindow, useWords } from '../../window-context.ts';

const CHOICES: readonly MeteredChoice[] = ['auto', 'yes', 'no'];

/** Whether data over a link costs money, to read and to change. */
export function MeteredMenu({ link }: { readonly link: LinkStatus }): JSX.Element | null {
  const model = useModel();
  const { t, label } = useWords();
  const asked = useWindow((state) => state.intents.metered[link.name]);
  if (link.meteredChoice === undefined) return null;
  return (
    <ChoiceMenu
      label={t.meteredOf(label(link.name))}
      value={asked ?? link.meteredChoice}
      choices={CHOICES.map((choice) => ({
        value: choice,
        name: t.meteredName[choice],
        hint: t.meteredHint[choice],
      }))}
      onChange={(choice) => model.setMetered(link.name, choice)}
    />
  );
}
