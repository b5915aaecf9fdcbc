import type { JSX } from 'react';
import type { LinkPriority, LinkStatus } from '../../../src-shared/model/link.ts';
import { ChoiceMenu } from '../../components/choice-menu.tsx';
import { useModel, useWindow, useWords } from '../../window-context.ts';

const PRIORITIES: readonly LinkPriority[] = ['auto', 'prefer', 'backup', 'never'];

/** What a link may be used for, to read and to change. */
export function PriorityMenu({ link }: { readonly link: LinkStatus }): JSX.Element {
  const model = useModel();
  const { t, label } = useWords();
  const asked = useWindow((state) => state.intents.priorities[link.name]);
  return (
    <ChoiceMenu
      label={t.priorityOf(label(link.name))}
      value={asked ?? link.priority}
      choices={PRIORITIES.map((priority) => ({
        value: priority,
        name: t.priorityName[priority],
        hint: t.priorityHint[priority],
      }))}
      onChange={(priority) => model.setPriority(link.name, priority)}
    />
  );
}
