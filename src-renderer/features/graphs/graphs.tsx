import { useState, type JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { linkColour } from '../../components/link-look.ts';
import { Segments } from '../../components/segments.tsx';
import type { LinkHistory } from '../../store/history.ts';
import { useHistory, useWords } from '../../window-context.ts';
import { Chart } from './chart.tsx';
import { lineColumns, stackedColumns } from './graph-data.ts';
import styles from './graphs.module.css';

/** Least tops of the axes: below these the values are noise that would look like trouble. */
const TOP_BITS_PER_SECOND = 1_000_000;
const TOP_RTT_MICROS = 5_000;
const TOP_LOSS_RATIO = 0.02;

/** The last five minutes of every link: rate, delay and loss. */
export function Graphs({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const { t, format } = useWords();
  const [direction, setDirection] = useState<'down' | 'up'>('down');
  return (
    <div className={styles['view']}>
      <Graph
        title={t.rate}
        series={direction === 'down' ? 'downBitsPerSecond' : 'upBitsPerSecond'}
        isStacked
        minimumTop={TOP_BITS_PER_SECOND}
        formatValue={format.rate}
        status={status}
        action={
          <Segments
            label={t.direction}
            value={direction}
            choices={[
              { value: 'down', name: t.down },
              { value: 'up', name: t.up },
            ]}
            onChange={setDirection}
          />
        }
      />
      <Graph
        title={t.delay}
        series="rttMicros"
        minimumTop={TOP_RTT_MICROS}
        formatValue={format.duration}
        status={status}
      />
      <Graph
        title={t.loss}
        series="lossRatio"
        minimumTop={TOP_LOSS_RATIO}
        formatValue={format.ratio}
        status={status}
      />
    </div>
  );
}

function Graph({
  title,
  series,
  isStacked = false,
  minimumTop,
  formatValue,
  status,
  action = null,
}: {
  readonly title: string;
  readonly series: keyof LinkHistory;
  readonly isStacked?: boolean;
  readonly minimumTop: number;
  readonly formatValue: (value: number) => string;
  readonly status: DaemonStatus;
  readonly action?: JSX.Element | null;
}): JSX.Element {
  const { t, label, format } = useWords();
  const history = useHistory();
  const order = status.links.map((link) => link.name);
  const names = history.linkNames.filter((name) =>
    history.link(name)?.downBitsPerSecond.some((value) => value !== null),
  );
  const columns = (isStacked ? stackedColumns : lineColumns)(history, names, series);
  const latest = names.map((name) => {
    const value = history.link(name)?.[series].at(-1) ?? null;
    return { name, text: value === null ? t.unknown : formatValue(value) };
  });
  const values = latest.map(({ name, text }) => `${label(name)} ${text}`).join(', ');
  return (
    <Card title={title} action={action}>
      <ul className={styles['legend']}>
        {latest.map(({ name, text }) => (
          <li key={name}>
            <svg className={styles['swatch']} viewBox="0 0 14 4" aria-hidden="true">
              <rect width="14" height="4" rx="2" fill={`var(${linkColour(name, order)})`} />
            </svg>
            {label(name)} <span className={styles['value']}>{text}</span>
          </li>
        ))}
      </ul>
      <Chart
        columns={columns}
        lines={names.map((name) => ({ name, colour: linkColour(name, order) }))}
        isStacked={isStacked}
        minimumTop={minimumTop}
        formatValue={formatValue}
        formatTime={(seconds) => format.timeOfDay(seconds * 1000)}
        summary={t.graphSummary(title, values === '' ? t.noData : values)}
      />
    </Card>
  );
}
