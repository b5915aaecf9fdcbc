import type { CycleReport, StepReport, WindowFigures } from './roaming-cycle.ts';

/** Renders the roaming cycle as a table that grows line by line: the head first, then the rows, then the foot. */
export class CycleTable {
  readonly #style: Style;
  #baseline: WindowFigures | null = null;

  /** @param hasColours false writes the same words without escape sequences. */
  constructor(hasColours: boolean) {
    this.#style = hasColours ? ANSI : PLAIN;
  }

  /** The line about the undisturbed time and the head of the table. */
  head(baseline: WindowFigures): string {
    this.#baseline = baseline;
    const { dim, bold } = this.#style;
    const figures = [
      `longest gap ${millis(baseline.gapMicros)}`,
      `${baseline.lost} of ${count(baseline.sent)} packets lost`,
      `slowest echo ${millis(baseline.echoWorstMicros)}`,
    ];
    const titles = COLUMNS.map((column) => pad(column.title, column)).join('  ');
    const rule = COLUMNS.map((column) => '─'.repeat(column.width)).join('──');
    return [`Undisturbed for 5 s: ${figures.join(' · ')}`, '', bold(titles), dim(rule)].join('\n');
  }

  /** One step's line. */
  row(step: StepReport): string {
    const { bold, good, bad } = this.#style;
    const isClean = step.lost === 0 && step.duplicated === 0;
    const mark = isClean ? good('✓') : bad('✗');
    const cells: readonly string[] = [
      String(step.number),
      step.title,
      LEFT_WORDS[step.left],
      millis(step.gapMicros),
      this.#baseline === null ? '-' : millis(this.#baseline.gapMicros),
      String(step.lost),
      String(step.duplicated),
      step.stallMicros === 0 ? 'none' : millis(step.stallMicros),
      step.replayedPackets === null ? '-' : String(step.replayedPackets),
      step.carrying.length === 0 ? '-' : step.carrying.join('+'),
    ];
    const line = cells.map((cell, index) => {
      const column = COLUMNS[index] as Column;
      const text = pad(cell, column);
      return column.title === 'Gap' ? bold(text) : text;
    });
    return `${line.join('  ')}  ${mark}`;
  }

  /** The closing lines: what became of everything, and the verdict. */
  foot(report: CycleReport): string {
    const { dim, good, bad, bold } = this.#style;
    const { whole, steps, usage } = report;
    const lines = [dim(COLUMNS.map((column) => '─'.repeat(column.width)).join('──'))];
    const { up, down } = whole.whole;
    if (up !== null && down !== null) {
      lines.push(
        `UDP, 1,000 a second each way   ${count(up.received)} of ${count(up.sent)} up, ${count(down.received)} of ` +
          `${count(down.sent)} down; ${up.duplicated + down.duplicated} twice; ` +
          `${up.reordered + down.reordered} out of order`,
      );
    }
    for (const [name, transfer] of [
      ['Download, 20 Mbit/s', whole.download],
      ['Upload, 20 Mbit/s', whole.upload],
    ] as const) {
      if (transfer !== null) {
        const state =
          transfer.error ?? `SHA-256 equal at both ends (${transfer.receiver.sha256.slice(0, 12)}…)`;
        lines.push(`${name.padEnd(30)} ${megabytes(transfer.receiver.bytes)}; ${state}`);
      }
    }
    if (whole.echo !== null) {
      const state = whole.echo.error ?? 'the session never broke';
      lines.push(
        `${'SSH-like session'.padEnd(30)} ${count(whole.echo.answered)} of ${count(whole.echo.asked)} answered; ${state}`,
      );
    }
    if (usage !== null) {
      const used = [usage.laptop, usage.box].map(
        (end) =>
          `${(end.cpuMicros / 1e6).toFixed(1)} s processor, ${(end.residentBytes / 2 ** 20).toFixed(0)} MiB`,
      );
      lines.push(`${'Daemons'.padEnd(30)} laptop ${used[0]}; box ${used[1]}`);
    }
    const worst = (kind: StepReport['kind']): string =>
      millis(Math.max(0, ...steps.filter((step) => step.kind === kind).map((step) => step.gapMicros)));
    lines.push(
      `${'Longest gap'.padEnd(30)} ${bold(worst('link-lost'))} where the other link was ready; ` +
        `${worst('swap')} where it came at the same moment; ` +
        `${worst('back')} until traffic flowed after neither; undisturbed ${millis(report.baseline.gapMicros)}`,
      '',
    );
    if (report.complaints.length === 0) {
      lines.push(good('✓ Nothing was lost, nothing came twice, no connection was closed.'));
    } else {
      lines.push(...report.complaints.map((complaint) => bad(`✗ ${capitalised(complaint)}.`)));
    }
    return lines.join('\n');
  }
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly isRight: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: '#', width: 2, isRight: true },
  { title: 'What happens', width: 27, isRight: false },
  { title: 'Left', width: 8, isRight: false },
  { title: 'Gap', width: 7, isRight: true },
  { title: 'Usual', width: 7, isRight: true },
  { title: 'Lost', width: 4, isRight: true },
  { title: 'Twice', width: 5, isRight: true },
  { title: 'TCP pause', width: 9, isRight: true },
  { title: 'Resent', width: 6, isRight: true },
  { title: 'Carried by', width: 10, isRight: false },
];

const LEFT_WORDS: Readonly<Record<StepReport['left'], string>> = {
  both: 'both',
  eth0: 'Ethernet',
  wlan0: 'Wi-Fi',
  neither: 'neither',
};

interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const same = (text: string): string => text;
const PLAIN: Style = { bold: same, dim: same, good: same, bad: same };
const escape =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const ANSI: Style = { bold: escape(1), dim: escape(2), good: escape(32), bad: escape(31) };

function pad(text: string, column: Column): string {
  return column.isRight ? text.padStart(column.width) : text.padEnd(column.width);
}

/** A duration a person reads at a glance: two digits below 10 ms, whole milliseconds above, seconds from one on. */
function millis(micros: number): string {
  const ms = micros / 1000;
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(2)} s`;
  }
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
