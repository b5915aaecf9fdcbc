import { useEffect, useRef, type JSX } from 'react';
import { Notice } from './components/notice.tsx';
import { Apps } from './features/apps/apps.tsx';
import { Demo } from './features/demo/demo.tsx';
import { Diagnostics } from './features/diagnostics/diagnostics.tsx';
import { FaultBoundary } from './features/fault/fault-boundary.tsx';
import { Graphs } from './features/graphs/graphs.tsx';
import { Header } from './features/header/header.tsx';
import { Navigation } from './features/header/navigation.tsx';
import { Onboarding } from './features/onboarding/onboarding.tsx';
import { Overview } from './features/overview/overview.tsx';
import { Disconnected } from './features/service/disconnected.tsx';
import { ServiceProblem } from './features/service/service-problem.tsx';
import { Settings } from './features/settings/settings.tsx';
import { TimelineView } from './features/timeline/timeline-view.tsx';
import type { DaemonStatus, Status } from '../src-shared/model/status.ts';
import { describeStatus } from '../src-shared/view/describe-status.ts';
import styles from './app.module.css';
import { useView, type View } from './view.ts';
import { useModel, useWindow, useWords } from './window-context.ts';

/** The whole window. */
export function App(): JSX.Element {
  return (
    <FaultBoundary>
      <Content />
    </FaultBoundary>
  );
}

function Content(): JSX.Element {
  const model = useModel();
  const { t, ...wording } = useWords();
  const { language } = wording;
  const view = useView();
  const status = useWindow((state) => state.status);
  const isDemo = useWindow(({ cables }) => cables !== null);
  const disconnection = useWindow((state) => state.disconnection);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const headline = status === null ? '' : `${describeStatus(status, model.now(), wording).headline} · `;
  useEffect(() => {
    document.title = `${headline}${t.productName}`;
  }, [headline, t]);
  // What went wrong was tried in the view that is left.
  useEffect(() => () => model.dismissNotice(), [model, view]);

  if (disconnection !== null) return <Disconnected disconnection={disconnection} />;
  if (status !== null && needsOnboarding(status, view)) return <Onboarding status={status} />;
  const shown = view === 'setup' || (view === 'demo' && !isDemo) ? 'overview' : view;
  return (
    <div className={styles['window']}>
      <Header />
      <Navigation view={shown} />
      <main className={styles['main']}>
        <ViewHeading text={t.view[shown]} isHidden={shown === 'overview'} />
        <NoticeStrip />
        {status?.state === 'unreachable' ? (
          <ServiceProblem reason={status.reason} />
        ) : (
          status !== null && <ViewContent view={shown} status={status} />
        )}
      </main>
    </div>
  );
}

/** Setting up is what there is to do while no box is paired, or when somebody wants to do it again. */
function needsOnboarding(status: Status, view: View): boolean {
  if (view === 'setup') return true;
  return status.state === 'unreachable' ? false : status.box === null && view === 'overview';
}

function ViewContent({
  view,
  status,
}: {
  readonly view: Exclude<View, 'setup'>;
  readonly status: DaemonStatus;
}): JSX.Element {
  switch (view) {
    case 'overview':
      return <Overview status={status} />;
    case 'timeline':
      return <TimelineView status={status} />;
    case 'graphs':
      return <Graphs status={status} />;
    case 'apps':
      return <Apps />;
    case 'settings':
      return <Settings status={status} />;
    case 'diagnostics':
      return <Diagnostics status={status} />;
    case 'demo':
      return <Demo status={status} />;
  }
}

/** The view's name; a change of view is told by moving the focus to it. */
function ViewHeading({ text, isHidden }: { readonly text: string; readonly isHidden: boolean }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  const lastText = useRef(text);
  useEffect(() => {
    if (lastText.current === text) return;
    lastText.current = text;
    heading.current?.focus({ preventScroll: true });
    // A view begins at its top, not where the last one was left.
    document.documentElement.scrollTop = 0;
  }, [text]);
  return (
    <h1 ref={heading} tabIndex={-1} className={isHidden ? 'visually-hidden' : styles['title']}>
      {text}
    </h1>
  );
}

function NoticeStrip(): JSX.Element | null {
  const model = useModel();
  const { t } = useWords();
  const notice = useWindow((state) => state.notice);
  if (notice === null) return null;
  const text =
    notice.kind === 'not-confirmed'
      ? t.notConfirmed
      : notice.error.code === 'UNKNOWN_METHOD'
        ? t.serviceTooOld
        : t.callFailed(notice.error.message);
  return (
    <div className={styles['notice']}>
      <Notice tone="problem" dismiss={{ label: t.close, onDismiss: () => model.dismissNotice() }}>
        {text}
      </Notice>
    </div>
  );
}
