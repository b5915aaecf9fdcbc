import type { JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { shownLink } from '../../../src-shared/view/shown-link.ts';
import { Card } from '../../components/card.tsx';
import { useWords } from '../../window-context.ts';
import { RecentEvents } from '../timeline/recent-events.tsx';
import { BoxCard } from './box-card.tsx';
import { FailureHint } from './failure-hint.tsx';
import { HiddenCard } from './hidden-card.tsx';
import { LeaveBar } from './leave-bar.tsx';
import { LinkCard } from './link-card.tsx';
import styles from './overview.module.css';
import { Rope } from './rope.tsx';
import { useLinkMedia } from './use-link-media.ts';

/** What carries, what stands by, how good it is, and what happened lately. */
export function Overview({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const { t } = useWords();
  const media = useLinkMedia();
  const names = status.links.map((link) => link.name);
  const used = status.links.filter((link) => link.state !== 'ignored').map((link) => shownLink(link, status));
  const ignored = status.links.filter((link) => link.state === 'ignored');
  return (
    <div className={styles['overview']}>
      <div className={styles['column']}>
        {status.state === 'failed' && <FailureHint cause={status.cause} />}
        <Rope status={status} />
        <LeaveBar status={status} />
        <section aria-labelledby="links-title">
          <h2 className="visually-hidden" id="links-title">
            {t.links}
          </h2>
          {status.links.length === 0 ? (
            <Card title={t.noLinks}>
              <p>{t.noLinksHint}</p>
            </Card>
          ) : (
            <ul className={styles['links']}>
              {used.map((link) => (
                <LinkCard key={link.name} link={link} names={names} media={media} />
              ))}
            </ul>
          )}
          {ignored.length > 0 && (
            <details className={styles['ignored']}>
              <summary>{t.notUsedLinks(ignored.length)}</summary>
              <ul className={styles['links']}>
                {ignored.map((link) => (
                  <LinkCard key={link.name} link={link} names={names} media={media} />
                ))}
              </ul>
            </details>
          )}
        </section>
      </div>
      <div className={styles['column']}>
        <HiddenCard counters={status.counters} />
        <RecentEvents />
        <BoxCard status={status} />
      </div>
    </div>
  );
}
