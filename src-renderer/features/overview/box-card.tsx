import type { JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { Facts } from '../../components/facts.tsx';
import { useWords } from '../../window-context.ts';

/** The box that this laptop is paired with. */
export function BoxCard({ status: { box, version } }: { readonly status: DaemonStatus }): JSX.Element | null {
  const { t } = useWords();
  if (box === null) return null;
  const versions =
    version.box === null ? t.versionDaemon(version.daemon) : t.versionPair(version.daemon, version.box);
  return (
    <Card title={t.boxName}>
      <Facts
        rows={[
          { name: t.boxName, value: box.name },
          { name: t.address, value: box.address, isCode: true },
          { name: t.fingerprint, value: box.fingerprint, isCode: true },
          { name: t.versions, value: versions },
        ]}
      />
    </Card>
  );
}
