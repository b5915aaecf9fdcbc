import type { DesktopWording } from '../../src-shared/i18n/desktop-texts.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import type { DaemonStatus, Status } from '../../src-shared/model/status.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import { canLeave, describeStatus, linkLabel } from '../../src-shared/view/describe-status.ts';
import { shownLink } from '../../src-shared/view/shown-link.ts';
import type { PreviewLink } from '../links/link-preview.ts';

/** What a click in the menu asks for. */
export type TrayIntent =
  | { readonly kind: 'set-wanted'; readonly wanted: boolean }
  | { readonly kind: 'leave' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'open' }
  | { readonly kind: 'fix' }
  | { readonly kind: 'quit' };

/** One row of the menu. */
export type TrayRow =
  | { readonly kind: 'separator' }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'action';
      readonly text: string;
      readonly isEnabled: boolean;
      readonly intent: TrayIntent;
    }
  | {
      readonly kind: 'switch';
      readonly text: string;
      readonly isOn: boolean;
      readonly isEnabled: boolean;
      readonly intent: TrayIntent;
    }
  | { readonly kind: 'submenu'; readonly text: string; readonly rows: readonly TrayRow[] };

/** What the tray shows. */
export interface TrayView {
  readonly tooltip: string;
  readonly rows: readonly TrayRow[];
}

/** What the tray shows something about. */
export interface TrayFacts {
  /** Null while nothing was heard of the daemon yet. */
  readonly status: Status | null;
  /** When protection resumes by itself; null when it is not paused. */
  readonly pausedUntil: WallClockMs | null;
  /** What the app sees of the links itself while the daemon does not answer. */
  readonly preview: readonly PreviewLink[];
  readonly now: WallClockMs;
  readonly wording: DesktopWording;
}

/** More links than this go to a submenu, so that the menu stays at nine rows. */
const MOST_LINK_ROWS = 3;

const SEPARATOR: TrayRow = { kind: 'separator' };

/** Builds the tray's menu. Desktops differ in how many levels they show, so whatever matters is at the top one. */
export function trayView(facts: TrayFacts): TrayView {
  const { headline, detail } = describe(facts);
  const { status, wording } = facts;
  const { desktop } = wording;
  const isReachable = status !== null && status.state !== 'unreachable';
  const isOn = isWanted(status);

  const protection: TrayRow = {
    kind: 'switch',
    text: desktop.protection,
    isOn,
    isEnabled: isReachable,
    intent: { kind: 'set-wanted', wanted: !isOn },
  };
  return {
    tooltip: headline,
    rows: [
      text(headline),
      text(detail),
      SEPARATOR,
      ...(status?.state === 'unreachable' ? [action(desktop.fix[status.reason], { kind: 'fix' })] : []),
      protection,
      ...(isReachable ? linkRows(status, wording) : previewRows(facts.preview, wording)),
      ...(isReachable ? leaveRows(status, wording) : []),
      ...pauseRows(facts, isOn),
      SEPARATOR,
      action(desktop.open, { kind: 'open' }),
      action(isOn ? desktop.turnOffAndQuit : desktop.quit, { kind: 'quit' }),
    ],
  };
}

/** True if protection is switched on, whether it works or not. */
export function isWanted(status: Status | null): boolean {
  return status !== null && status.state !== 'off' && status.state !== 'unreachable';
}

function describe({ status, pausedUntil, now, wording }: TrayFacts): { headline: string; detail: string } {
  const { desktop, format } = wording;
  if (status === null) return { headline: desktop.appName, detail: desktop.nothingKnown };
  if (pausedUntil !== null && status.state === 'off' && status.internet !== 'none') {
    const time = format.timeOfDay(pausedUntil);
    return { headline: desktop.paused, detail: desktop.pausedDetail(time) };
  }
  return describeStatus(status, now, wording);
}

function linkRows(status: DaemonStatus, wording: DesktopWording): readonly TrayRow[] {
  const used = status.links.filter((link) => link.state !== 'ignored');
  const rows = used.map((link) => text(linkText(shownLink(link, status), used, wording)));
  return atMost(MOST_LINK_ROWS - leaveRows(status, wording).length, rows, wording);
}

function previewRows(links: readonly PreviewLink[], wording: DesktopWording): readonly TrayRow[] {
  const { desktop, texts } = wording;
  return atMost(
    MOST_LINK_ROWS,
    links.map(({ name, kind, isUp }) => {
      const isAmbiguous =
        kind === 'other' || links.some((other) => other.name !== name && other.kind === kind);
      const label =
        kind === 'other' ? name : isAmbiguous ? `${texts.linkKind[kind]} ${name}` : texts.linkKind[kind];
      return text(desktop.previewLink(label, isUp));
    }),
    wording,
  );
}

function atMost(most: number, rows: readonly TrayRow[], { desktop }: DesktopWording): readonly TrayRow[] {
  if (rows.length <= most) return rows;
  return [{ kind: 'submenu', text: desktop.links, rows }];
}

function linkText(link: LinkStatus, links: readonly LinkStatus[], wording: DesktopWording): string {
  const { desktop, texts, format } = wording;
  const measure = link.rttMicros === null || link.state === 'lost' ? null : format.duration(link.rttMicros);
  return desktop.linkRow(linkLabel(link.name, links, wording), measure, texts.linkState[link.state]);
}

function leaveRows(status: DaemonStatus, { desktop, format }: DesktopWording): readonly TrayRow[] {
  if (status.leavingUntil !== null)
    return [text(desktop.leavingUntil(format.exactTime(Date.parse(status.leavingUntil))))];
  return canLeave(status) ? [action(desktop.leaving, { kind: 'leave' })] : [];
}

function pauseRows({ pausedUntil, wording }: TrayFacts, isOn: boolean): readonly TrayRow[] {
  const { desktop, format } = wording;
  if (isOn) return [action(desktop.pauseForOneHour, { kind: 'pause' })];
  if (pausedUntil === null) return [];
  const resume: TrayIntent = { kind: 'set-wanted', wanted: true };
  return [action(desktop.resumeNow(format.timeOfDay(pausedUntil)), resume)];
}

function text(content: string): TrayRow {
  return { kind: 'text', text: content };
}

function action(content: string, intent: TrayIntent): TrayRow {
  return { kind: 'action', text: content, isEnabled: true, intent };
}
