import { useRef, useState, type JSX, type PointerEvent } from 'react';
import type { Cable, CableCondition } from '../../../src-shared/bridge/home-cables.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Icon } from '../../components/icon.tsx';
import { kindIcon, linkColour } from '../../components/link-look.ts';
import { Segments } from '../../components/segments.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './demo.module.css';

const CONDITIONS: readonly CableCondition[] = ['up', 'carrier-lost', 'silent'];

/** How far a pulled plug lies from its socket, in pixels. */
const PULLED_PX = 56;

/** A plug that is let go nearer than this to the socket slips back in. */
const SNAP_PX = 28;

/** A press that moves less than this is a click. */
const CLICK_PX = 4;

/** One cable between laptop and box. Its plug is dragged with the pointer and pressed with the keyboard. */
export function CableLane({
  cable: { link, condition },
  status,
}: {
  readonly cable: Cable;
  readonly status: DaemonStatus;
}): JSX.Element {
  const model = useModel();
  const { t, label } = useWords();
  const known = status.links.find(({ name }) => name === link);
  const isIn = condition !== 'carrier-lost';
  const restPx = isIn ? 0 : PULLED_PX;
  const plug = usePlug(restPx, (isPulled) => model.setCable(link, isPulled ? 'carrier-lost' : 'up'));
  const colour = linkColour(
    link,
    status.links.map(({ name }) => name),
  );
  return (
    <li className={styles['lane']} aria-label={label(link)}>
      <div className={styles['track']} data-condition={condition} style={{ color: `var(${colour})` }}>
        <span className={styles['socket']} aria-hidden="true" />
        <span
          className={styles['cable']}
          data-dragged={plug.isDragged}
          style={{ insetInlineStart: `calc(0.5rem + ${plug.offsetPx}px)` }}
        >
          <button
            type="button"
            className={styles['plug']}
            aria-label={isIn ? t.demoPull(label(link)) : t.demoPlug(label(link))}
            {...plug.handlers}
          >
            <Icon name={kindIcon(known?.kind ?? 'other')} />
            <span aria-hidden="true">{label(link)}</span>
          </button>
        </span>
      </div>
      <div className={styles['choice']}>
        <Segments
          label={t.demoCondition(label(link))}
          value={condition}
          choices={CONDITIONS.map((value) => ({ value, name: t.demoConditions[value] }))}
          onChange={(next) => model.setCable(link, next)}
        />
        <p className={styles['hint']}>{t.demoConditionHint[condition]}</p>
      </div>
    </li>
  );
}

interface Plug {
  readonly offsetPx: number;
  readonly isDragged: boolean;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
    readonly onClick: () => void;
  };
}

/** Follows the pointer while the plug is held; a click or a key moves it to the other place. */
function usePlug(restPx: number, onMoved: (isPulled: boolean) => void): Plug {
  const [draggedPx, setDraggedPx] = useState<number | null>(null);
  const grip = useRef({ startX: 0, sign: 1, movedPx: 0 });
  const clamp = (px: number): number => Math.min(Math.max(px, 0), 2 * PULLED_PX);
  return {
    offsetPx: draggedPx ?? restPx,
    isDragged: draggedPx !== null,
    handlers: {
      onPointerDown: (event) => {
        const isRightToLeft = getComputedStyle(event.currentTarget).direction === 'rtl';
        grip.current = { startX: event.clientX, sign: isRightToLeft ? -1 : 1, movedPx: 0 };
        event.currentTarget.setPointerCapture(event.pointerId);
        setDraggedPx(restPx);
      },
      onPointerMove: (event) => {
        if (draggedPx === null) return;
        const movedPx = (event.clientX - grip.current.startX) * grip.current.sign;
        grip.current.movedPx = Math.max(grip.current.movedPx, Math.abs(movedPx));
        setDraggedPx(clamp(restPx + movedPx));
      },
      onPointerUp: () => {
        if (draggedPx === null) return;
        setDraggedPx(null);
        if (grip.current.movedPx < CLICK_PX) return;
        const isPulled = draggedPx > SNAP_PX;
        if (isPulled !== restPx > 0) onMoved(isPulled);
      },
      onPointerCancel: () => setDraggedPx(null),
      onClick: () => {
        // The end of a drag is a click too; it has done its work already.
        const wasDrag = grip.current.movedPx >= CLICK_PX;
        grip.current.movedPx = 0;
        if (!wasDrag) onMoved(restPx === 0);
      },
    },
  };
}
