import { useEffect, useRef, type JSX } from 'react';
import uPlot from 'uplot';
import { HISTORY_SECONDS } from '../../store/history.ts';
import styles from './chart.module.css';
import type { Columns } from './graph-data.ts';

/** Height of a chart at ordinary text size. */
const HEIGHT_PX = 200;

/** One line of a chart. */
export interface Line {
  readonly name: string;
  /** The token of its colour. */
  readonly colour: string;
}

interface ChartProps {
  readonly columns: Columns;
  readonly lines: readonly Line[];
  readonly isStacked: boolean;
  /** The least that the value axis reaches up to, so that noise does not fill the picture. */
  readonly minimumTop: number;
  readonly formatValue: (value: number) => string;
  readonly formatTime: (seconds: number) => string;
  /** The picture in one sentence. */
  readonly summary: string;
}

/** A chart of the last minutes. The numbers stand beside it in words, so that it may be a picture. */
export function Chart(props: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    plot.current?.setData(props.columns as uPlot.AlignedData);
  });

  const shape = `${props.lines.map(({ name, colour }) => `${name}${colour}`).join()} ${props.isStacked}`;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(
        options(element, latest),
        latest.current.columns as uPlot.AlignedData,
        element,
      );
    };
    draw();
    const resizing = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX * scaleOf(element) });
    });
    resizing.observe(element);
    // The canvas has the colours of the moment it was drawn in.
    const themes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
      matchMedia(query),
    );
    for (const theme of themes) theme.addEventListener('change', draw);
    return () => {
      resizing.disconnect();
      for (const theme of themes) theme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  return <div ref={place} className={styles['chart']} role="img" aria-label={props.summary} dir="ltr" />;
}

function options(element: HTMLElement, latest: { readonly current: ChartProps }): uPlot.Options {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  const { lines, isStacked } = latest.current;
  const scale = scaleOf(element);
  const axis = {
    stroke: token('--muted'),
    font: `${12 * scale}px ${style.fontFamily}`,
    ticks: { show: false },
    grid: { stroke: token('--line'), width: 1 },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX * scale,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 24, 0, 0],
    scales: {
      x: { time: true, range: (_plot, _min, max) => [max - HISTORY_SECONDS, max] },
      y: { range: (_plot, _min, max) => [0, Math.max(latest.current.minimumTop, (max || 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 28 * scale,
        incrs: [60, 120, 300],
        values: (_plot, seconds) => seconds.map((at) => latest.current.formatTime(at)),
      },
      {
        ...axis,
        size: 84 * scale,
        values: (_plot, values) => values.map((value) => latest.current.formatValue(value)),
      },
    ],
    series: [
      {},
      ...lines.map(({ colour }, index) => ({
        stroke: token(colour),
        width: 1.75,
        points: { show: false },
        // The lowest area reaches down to the axis; the others down to the line below them.
        ...(isStacked && index === 0 ? { fill: translucent(token(colour)) } : {}),
      })),
    ],
    bands: isStacked
      ? lines.slice(1).map(({ colour }, index) => ({
          series: [index + 2, index + 1],
          fill: translucent(token(colour)),
        }))
      : [],
  };
}

/** How much larger than usual the user has set all text. */
function scaleOf(element: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(element).fontSize) / 14;
}

/** An area lets the lines of the axis through. */
function translucent(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}40` : colour;
}
