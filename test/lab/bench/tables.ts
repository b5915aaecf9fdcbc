import type { Contender, ContenderName } from './contender.ts';
import type { FigureName, FigureTable } from './figures.ts';
import { pairedSums, summarise } from './statistics.ts';
import type { Samples } from './statistics.ts';
import { UDP_OFFER } from './steps.ts';
import { bytes, cores, count, megabits, millis, share, times } from './units.ts';
import { ratiosTo } from './verdicts.ts';
import type { Verdict } from './verdicts.ts';

/** Renders everything that was measured as tables for a terminal. */
export function renderTables(figures: FigureTable, contenders: readonly Contender[]): string {
  const present = contenders.filter(({ name }) => figures.has(name));
  const sections = [
    streamTable(figures, present),
    ratioTable(figures, present),
    streamCostTable(figures, present),
    datagramTable(figures, present),
    iperfDatagramTable(figures, present),
    pacedTable(figures, present),
    latencyTable(figures, present),
    idleTable(figures, present),
    twoLaptopsTable(figures, present),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

/** Renders the verdicts, one a line. */
export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const width = Math.max(...verdicts.map(({ target }) => target.length));
  const lines = verdicts.map(
    ({ target, outcome, evidence }) =>
      `  ${outcome.toUpperCase().padEnd(12)}  ${target.padEnd(width)}  ${evidence}`,
  );
  return ['Targets', ...lines].join('\n');
}

const NONE = '-';

function streamTable(figures: FigureTable, contenders: readonly Contender[]): string {
  return table(
    'One TCP stream, Mbit/s: median (lowest to highest)',
    ['', 'up', 'down'],
    contenders,
    ({ name }) => [
      withRange(figures.samples(name, 'tcpUpBitsPerSecond'), megabits),
      withRange(figures.samples(name, 'tcpDownBitsPerSecond'), megabits),
    ],
  );
}

function ratioTable(figures: FigureTable, contenders: readonly Contender[]): string {
  const rivals = contenders.filter(({ name }) => name !== 'bowline');
  if (!figures.has('bowline') || rivals.length === 0) return '';
  const head = [
    'Bowline compared with',
    'TCP up',
    'TCP down',
    'datagrams, cheap sender',
    'datagrams, iperf3',
  ];
  const ratio = (rival: ContenderName, name: FigureName): string =>
    median(ratiosTo(figures, rival, name), times);
  return table('Bowline as a multiple, medians of the rounds', head, rivals, ({ name }) => [
    ratio(name, 'tcpUpBitsPerSecond'),
    ratio(name, 'tcpDownBitsPerSecond'),
    ratio(name, 'udpArrivedPerSecond'),
    ratio(name, 'udpIperfArrivedPerSecond'),
  ]);
}

function streamCostTable(figures: FigureTable, contenders: readonly Contender[]): string {
  const head = ['', 'up: laptop', 'box', 's/GB', 'down: laptop', 'box', 's/GB'];
  const names = [
    ['tcpUpLaptopCores', cores],
    ['tcpUpBoxCores', cores],
    ['tcpUpCoreSecondsPerGigabyte', oneDigit],
    ['tcpDownLaptopCores', cores],
    ['tcpDownBoxCores', cores],
    ['tcpDownCoreSecondsPerGigabyte', oneDigit],
  ] as const;
  return table(
    'What that stream costs: % of a core at each end, core-seconds per GB of both',
    head,
    tunnels(contenders),
    ({ name }) => names.map(([figure, render]) => median(figures.samples(name, figure), render)),
  );
}

function datagramTable(figures: FigureTable, contenders: readonly Contender[]): string {
  const rows = datagramRows(
    figures,
    contenders,
    `${DATAGRAMS_WANTED} from one cheap sender, counted on arrival`,
    ['udpOfferedPerSecond', 'udpArrivedPerSecond', 'udpLaptopCores', 'udpBoxCores'],
  );
  return rows === '' ? '' : `${rows}\n${DATAGRAM_NOTE}`;
}

function iperfDatagramTable(figures: FigureTable, contenders: readonly Contender[]): string {
  return datagramRows(figures, contenders, `${DATAGRAMS_WANTED}, iperf3 at both ends`, [
    'udpIperfOfferedPerSecond',
    'udpIperfArrivedPerSecond',
    'udpIperfLaptopCores',
    'udpIperfBoxCores',
  ]);
}

const DATAGRAMS_WANTED = `Datagrams of ${UDP_OFFER.payloadBytes} bytes, ${count(UDP_OFFER.packetsPerSecond)} a second wanted`;
const DATAGRAM_NOTE =
  '  No more than what is offered can arrive, which caps the multiples of this table;\n' +
  '  the target is judged by the next one, whose programs share the processor with the tunnel.';

function datagramRows(
  figures: FigureTable,
  contenders: readonly Contender[],
  title: string,
  [sent, arrived, laptop, box]: readonly [FigureName, FigureName, FigureName, FigureName],
): string {
  return table(
    title,
    ['', 'sent/s', 'arrive/s', 'laptop %', 'box %'],
    contenders.filter(({ carriesUdp }) => carriesUdp),
    ({ name }) => [
      median(figures.samples(name, sent), count),
      withRange(figures.samples(name, arrived), count),
      median(figures.samples(name, laptop), cores),
      median(figures.samples(name, box), cores),
    ],
  );
}

function pacedTable(figures: FigureTable, contenders: readonly Contender[]): string {
  return table(
    'Carrying 100 Mbit/s: % of a core',
    ['', 'up: laptop', 'box', 'down: laptop', 'box'],
    tunnels(contenders),
    ({ name }) =>
      (['pacedUpLaptopCores', 'pacedUpBoxCores', 'pacedDownLaptopCores', 'pacedDownBoxCores'] as const).map(
        (figure) => withRange(figures.samples(name, figure), cores),
      ),
  );
}

function latencyTable(figures: FigureTable, contenders: readonly Contender[]): string {
  return table(
    'Round trip on an idle network, ms',
    ['', 'median', '99 % within', 'added to raw'],
    contenders,
    ({ name }) => {
      const own = figures.samples(name, 'latencyMedianMicros');
      const raw = figures.samples('raw', 'latencyMedianMicros');
      const added = pairedSums(
        own,
        raw.map((value) => (value === null ? null : -value)),
      );
      return [
        withRange(own, millis),
        median(figures.samples(name, 'latencyP99Micros'), millis),
        name === 'raw' ? NONE : median(added, millis),
      ];
    },
  );
}

function idleTable(figures: FigureTable, contenders: readonly Contender[]): string {
  return table(
    'Connected and idle, after all that traffic',
    ['', 'laptop %', 'box %', 'laptop MB', 'box MB'],
    tunnels(contenders),
    ({ name }) => [
      median(figures.samples(name, 'idleLaptopCores'), cores),
      median(figures.samples(name, 'idleBoxCores'), cores),
      median(figures.samples(name, 'idleLaptopBytes'), bytes),
      median(figures.samples(name, 'idleBoxBytes'), bytes),
    ],
  );
}

function twoLaptopsTable(figures: FigureTable, contenders: readonly Contender[]): string {
  const measured = contenders.filter(({ name }) =>
    figures.samples(name, 'twoLaptopsUpFirstShare').some((value) => value !== null),
  );
  return table(
    'Two laptops, one stream each at once: Mbit/s together, share of the first in %',
    ['', 'up', 'share', 'down', 'share'],
    measured,
    ({ name }) => [
      median(figures.samples(name, 'twoLaptopsUpBitsPerSecond'), megabits),
      withRange(figures.samples(name, 'twoLaptopsUpFirstShare'), share),
      median(figures.samples(name, 'twoLaptopsDownBitsPerSecond'), megabits),
      withRange(figures.samples(name, 'twoLaptopsDownFirstShare'), share),
    ],
  );
}

function tunnels(contenders: readonly Contender[]): readonly Contender[] {
  return contenders.filter(({ name }) => name !== 'raw');
}

/** Renders one table, or nothing if it has no row. The first column is the contender's name. */
function table(
  title: string,
  head: readonly string[],
  contenders: readonly Contender[],
  cells: (contender: Contender) => readonly string[],
): string {
  if (contenders.length === 0) return '';
  const rows = contenders.map((contender) => [contender.label, ...cells(contender)]);
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  const width = widths.reduce((sum, each) => sum + each + 2, -2);
  return [title, `  ${line(head)}`, `  ${'─'.repeat(width)}`, ...rows.map((row) => `  ${line(row)}`)].join(
    '\n',
  );
}

function median(samples: Samples, render: (value: number) => string): string {
  const summary = summarise(samples);
  return summary === null ? NONE : render(summary.median);
}

function withRange(samples: Samples, render: (value: number) => string): string {
  const summary = summarise(samples);
  if (summary === null) return NONE;
  if (summary.count === 1) return render(summary.median);
  return `${render(summary.median)} (${render(summary.min)} to ${render(summary.max)})`;
}

function oneDigit(value: number): string {
  return value.toFixed(1);
}
