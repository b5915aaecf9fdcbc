import { useEffect, useRef, useState, type JSX } from 'react';
import { useModel } from '../../window-context.ts';
import styles from './row.module.css';

/** Pictures are asked for a little before their rows come into view. */
const AHEAD = '240px 0px';

/** An app's picture, asked for once its row is to be seen; its first letter until then, or if there is none. */
export function AppIcon({
  id,
  name,
  hasIcon,
}: {
  readonly id: string;
  readonly name: string;
  readonly hasIcon: boolean;
}): JSX.Element {
  const { appIcons } = useModel();
  const place = useRef<HTMLSpanElement>(null);
  const [picture, setPicture] = useState(() => (hasIcon ? appIcons.known(id) : null));
  const isWanted = picture === undefined;
  useEffect(() => {
    if (!isWanted || place.current === null) return;
    let cancel: (() => void) | null = null;
    const observer = new IntersectionObserver(
      (entries) => {
        cancel?.();
        cancel = entries.at(-1)?.isIntersecting === true ? appIcons.want(id, setPicture) : null;
      },
      { rootMargin: AHEAD },
    );
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      cancel?.();
    };
  }, [appIcons, id, isWanted]);
  return (
    <span ref={place} className={styles['picture']} aria-hidden="true">
      {typeof picture === 'string' ? (
        <img className={styles['image']} src={picture} alt="" draggable={false} />
      ) : (
        <span className={styles['letter']}>{[...name.trim()][0]?.toUpperCase()}</span>
      )}
    </span>
  );
}
