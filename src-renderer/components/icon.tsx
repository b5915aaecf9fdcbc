import type { JSX } from 'react';
import styles from './icon.module.css';

/*
 * One line weight, one grid of 20, drawn for this window. An icon never stands alone for a meaning: a word is beside
 * it or names its button.
 */
const PATHS = {
  ethernet: ['M3.5 3.5h13v9h-3v4h-7v-4h-3z', 'M7 6.5v2M10 6.5v2M13 6.5v2'],
  wifi: [
    'M2.5 7.8a11 11 0 0 1 15 0',
    'M5.4 10.9a6.8 6.8 0 0 1 9.2 0',
    'M8.2 13.9a2.7 2.7 0 0 1 3.6 0',
    'M10 16.4h.01',
  ],
  usb: ['M10 16.5v-13', 'M7.5 6 10 3.2 12.5 6', 'M10 13.5l-4-3v-2M10 11.5l4-2.5v-2', 'M5 8.5h2M13 6.5h2'],
  cellular: ['M4 16.5v-3M8 16.5v-6M12 16.5v-9M16 16.5v-13'],
  other: [
    'M8.5 11.5a3.200 3.200 0 0 0 4.700.2l2.300-2.300a3.300 3.300 0 0 0-4.700-4.700l-1.200 1.200',
    'M11.5 8.5a3.200 3.200 0 0 0-4.700-.2l-2.300 2.300a3.300 3.300 0 0 0 4.700 4.700l1.200-1.200',
  ],
  laptop: ['M4.5 4.5h11v8h-11z', 'M2.5 15.5h15'],
  box: ['M3.5 6.5 10 3l6.5 3.5v7L10 17l-6.5-3.5z', 'M3.5 6.5 10 10l6.5-3.5M10 10v7'],
  globe: [
    'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z',
    'M3 10h14M10 3c2.5 2.200 2.5 11.800 0 14M10 3c-2.5 2.200-2.5 11.800 0 14',
  ],
  overview: ['M3.5 3.5h5.5v5.5h-5.5zM11 3.5h5.5v5.5h-5.5zM3.5 11h5.5v5.5h-5.5zM11 11h5.5v5.5h-5.5z'],
  timeline: ['M3 6h8M14 6h3M3 10h4M10 10h7M3 14h10'],
  graphs: ['M3 16.5h14', 'M3 13l4-5 3.5 3L17 4.5'],
  apps: ['M3 4h14v12h-14z', 'M3 7.5h14M5.300 5.800h.01M7.600 5.800h.01'],
  program: ['M3 4h14v12h-14z', 'M6 8l2.5 2-2.5 2M10.5 12.500h3.5'],
  group: ['M10 3.500 17 7l-7 3.500L3 7z', 'M3 10.200l7 3.500 7-3.500M3 13.200l7 3.500 7-3.500'],
  user: ['M10 3.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6z', 'M4 16.500c.5-3 2.800-4.500 6-4.500s5.500 1.500 6 4.500'],
  network: ['M8 3h4v4h-4zM3 13h4v4h-4zM13 13h4v4h-4z', 'M10 7v3M5 13v-3h10v3'],
  restart: ['M15.500 8A6 6 0 1 0 16 11', 'M15.800 4v4h-4'],
  plus: ['M10 4.500v11M4.500 10h11'],
  settings: [
    'M3 6h7M14 6h3M3 14h3M10 14h7',
    'M12 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM8 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  ],
  diagnostics: ['M2.5 10h3.5l2.5-6 3.5 12 2.5-6h3'],
  demo: ['M3 10h4M7 6.5h4a3.5 3.5 0 0 1 0 7h-4z', 'M14.5 10h2.5'],
  down: ['M10 4v12M5.5 11.5 10 16l4.5-4.5'],
  up: ['M10 16V4M5.5 8.5 10 4l4.5 4.5'],
  check: ['M4.5 10.5l4 4 7-8.5'],
  cross: ['M5.5 5.5l9 9M14.5 5.5l-9 9'],
  dash: ['M5 10h10'],
  alert: ['M10 5.5v5.5M10 14.200h.01'],
  warning: ['M10 3.200 17.5 16.5h-15z', 'M10 8.5v3.5M10 14.200h.01'],
  question: ['M7.5 7.800a2.5 2.5 0 1 1 3.700 2.200c-.8.5-1.200 1-1.200 1.900', 'M10 14.600h.01'],
  pin: [
    'M10 17.5s5.5-5 5.5-9a5.5 5.5 0 0 0-11 0c0 4 5.5 9 5.5 9z',
    'M10 10.300a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600z',
  ],
  lock: ['M5 9h10v7.5h-10z', 'M7 9v-2.5a3 3 0 0 1 6 0v2.5'],
  dots: ['M5 10h.01M10 10h.01M15 10h.01'],
  swap: ['M4 7.5h11M12 4.5l3 3-3 3', 'M16 13h-11M8 10.5l-3 2.5 3 3'],
  chevron: ['M6 8l4 4 4-4'],
  copy: ['M7.5 7.5h9v9h-9z', 'M12.5 7.5v-4h-9v9h4'],
  search: ['M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4'],
  knot: [
    'M2.5 12.5c3.200 0 3.700-5.5 7.5-5.5a2.750 2.750 0 0 1 0 5.5c-3.800 0-4.300-5.5-7.5-5.5',
    'M17.5 12.5c-3.200 0-3.700-5.5-7.5-5.5',
  ],
} as const;

export type IconName = keyof typeof PATHS;

/** Draws an icon, a little higher than the text around it; what it means stands in words beside it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg className={styles['icon']} viewBox="0 0 20 20" aria-hidden="true">
      {PATHS[name].map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
}
