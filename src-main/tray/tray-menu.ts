import { desktopEn } from '../../src-shared/i18n/desktop-en.ts';
import { en } from '../../src-shared/i18n/en.ts';
import { formatDuration, formatTimeOfDay } from '../../src-shared/i18n/format.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import type { DaemonStatus, Status } from '../../src-shared/model/status.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import { describeStatus, linkLabel } from '../../src-shared/view/describe-status.ts';
import type { PreviewLink } from '../links/link-preview.ts';

/** What a click in the menu asks for. */
export type TrayIntent =
  | { readonly kind: 'set-wanted'; readonly wanted: boolean }
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
}

/** More links than this go to a submenu, so that the menu stays at nine rows. */
const MOST_LINK_ROWS = 3;

const SEPARATOR: TrayRow = { kind: 'separator' };

/** Builds the tray's menu. Desktops differ in how many levels they show, so whatever matters is at the top one. */
export function trayView(facts: TrayFacts): TrayView {
  const { headline, detail } = describe(facts);
  const { status } = facts;
  const isReachable = status !== null && status.state !== 'unreachable';
  const isOn = isWanted(status);

  const protection: TrayRow = {
    kind: 'switch',
    text: desktopEn.protection,
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
      ...(status?.state === 'unreachable' ? [action(desktopEn.fix[status.reason], { kind: 'fix' })] : []),
      protection,
      ...(isReachable ? linkRows(status) : previewRows(facts.preview)),
      ...pauseRows(facts, isOn),
      SEPARATOR,
      action(desktopEn.open, { kind: 'open' }),
      action(isOn ? desktopEn.turnOffAndQuit : desktopEn.quit, { kind: 'quit' }),
    ],
  };
}

/** True if protection is switched on, whether it works or not. */
export function isWanted(status: Status | null): boolean {
  return status !== null && status.state !== 'off' && status.state !== 'unreachable';
}

function describe({ status, pausedUntil, now }: TrayFacts): { headline: string; detail: string } {
  if (status === null) return { headline: desktopEn.appName, detail: desktopEn.nothingKnown };
  if (pausedUntil !== null && status.state === 'off' && status.internet !== 'none') {
    const time = formatTimeOfDay(pausedUntil);
    return { headline: desktopEn.paused, detail: desktopEn.pausedDetail(time) };
  }
  return describeStatus(status, now);
}

function linkRows(status: DaemonStatus): readonly TrayRow[] {
  const used = status.links.filter((link) => link.state !== 'ignored');
  return atMostThree(used.map((link) => text(linkText(link, used))));
}

function previewRows(links: readonly PreviewLink[]): readonly TrayRow[] {
  return atMostThree(
    links.map(({ name, kind, isUp }) => {
      const isAmbiguous =
        kind === 'other' || links.some((other) => other.name !== name && other.kind === kind);
      const label =
        kind === 'other' ? name : isAmbiguous ? `${en.linkKind[kind]} ${name}` : en.linkKind[kind];
      return text(desktopEn.previewLink(label, isUp));
    }),
  );
}

function atMostThree(rows: readonly TrayRow[]): readonly TrayRow[] {
  if (rows.length <= MOST_LINK_ROWS) return rows;
  return [{ kind: 'submenu', text: desktopEn.links, rows }];
}

function linkText(link: LinkStatus, links: readonly LinkStatus[]): string {
  const measure = link.rttMicros === null || link.state === 'lost' ? null : formatDuration(link.rttMicros);
  return desktopEn.linkRow(linkLabel(link.name, links), measure, en.linkState[link.state]);
}

function pauseRows({ pausedUntil }: TrayFacts, isOn: boolean): readonly TrayRow[] {
  if (isOn) return [action(desktopEn.pauseForOneHour, { kind: 'pause' })];
  if (pausedUntil === null) return [];
  const resume: TrayIntent = { kind: 'set-wanted', wanted: true };
  return [action(desktopEn.resumeNow(formatTimeOfDay(pausedUntil)), resume)];
}

function text(content: string): TrayRow {
  return { kind: 'text', text: content };
}

function action(content: string, intent: TrayIntent): TrayRow {
  return { kind: 'action', text: content, isEnabled: true, intent };
}
