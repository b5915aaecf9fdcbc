import { useCallback, useLayoutEffect, useRef, type KeyboardEvent, type RefObject } from 'react';

/** Rows of a list whose controls are one stop of the Tab key. */
export interface Roving<List extends HTMLElement> {
  readonly ref: RefObject<List | null>;
  /** To be called before the row's own controls see the key, since menus open by arrows. */
  readonly onKeyDownCapture: (event: KeyboardEvent) => void;
  readonly onFocusCapture: (event: { readonly target: EventTarget }) => void;
}

/**
 * Makes a long list passable by keyboard: Tab goes to the row that had the focus last and on to what follows the list,
 * the arrows, Home and End go from row to row. Rows are the children that have `data-row`. A row that goes away hands
 * the focus to its neighbour. The controls' places in the order are written past React, which does not set them: 400
 * rows need not be drawn again for it.
 */
export function useRoving<List extends HTMLElement>(): Roving<List> {
  const ref = useRef<List>(null);
  const place = useRef<{ row: string; index: number } | null>(null);

  const arrange = useCallback((): void => {
    const rows = rowsOf(ref.current);
    const present = rows.find(({ dataset }) => dataset['row'] === place.current?.row) ?? rows[0];
    for (const row of rows) {
      for (const control of controlsOf(row)) control.tabIndex = row === present ? 0 : -1;
    }
  }, []);
  useLayoutEffect(() => {
    const rows = rowsOf(ref.current);
    const { current } = place;
    if (current !== null && !rows.some(({ dataset }) => dataset['row'] === current.row)) {
      const neighbour = rows[Math.min(current.index, rows.length - 1)];
      place.current = null;
      if (document.activeElement === document.body) {
        (neighbour === undefined ? ref.current : controlsOf(neighbour).at(-1))?.focus({
          preventScroll: true,
        });
      }
    }
    arrange();
  });
  const onFocusCapture = useCallback(
    ({ target }: { readonly target: EventTarget }): void => {
      const rows = rowsOf(ref.current);
      const index = rows.findIndex((row) => row.contains(target as Node));
      if (index === -1) return;
      place.current = { row: rows[index]?.dataset['row'] ?? '', index };
      arrange();
    },
    [arrange],
  );
  const onKeyDownCapture = useCallback((event: KeyboardEvent): void => {
    const rows = rowsOf(ref.current);
    // Keys in a menu that belongs to a row come here as well.
    const index = rows.findIndex((row) => row.contains(event.target as Node));
    const row = rows[index];
    const next = row === undefined ? undefined : rows[nextIndex(event.key, index, rows.length)];
    if (row === undefined || next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const column = controlsOf(row).indexOf(event.target as HTMLElement);
    const controls = controlsOf(next);
    (controls[column] ?? controls[0])?.focus();
  }, []);
  return { ref, onKeyDownCapture, onFocusCapture };
}

function nextIndex(key: string, index: number, count: number): number {
  switch (key) {
    case 'ArrowDown':
      return Math.min(index + 1, count - 1);
    case 'ArrowUp':
      return Math.max(index - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}

function rowsOf(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
}

function controlsOf(row: HTMLElement): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>('button')];
}
