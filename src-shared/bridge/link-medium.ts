/**
 * What carries a link below IP, as the desktop sees it: for people to recognise a link by, and never used by the
 * tunnel, which measures for itself.
 */
export interface LinkMedium {
  /** The interface. */
  readonly name: string;
  /** The interface's addresses: another interface of the same name, in another network namespace, has others. */
  readonly addresses: readonly string[];
  /** What cable or radio have agreed on; null if it is not told. */
  readonly speedBitsPerSecond: number | null;
  /** Name of the wireless network (SSID); null for cables, and where it is not told. */
  readonly network: string | null;
  /** Strength of the radio's signal; null for cables. */
  readonly signalDbm: number | null;
}

/** How a radio's signal is said in words. */
export type SignalStrength = 'strong' | 'good' | 'weak' | 'poor';

/** Ranks a signal: what access points and phones show as four bars to one. */
export function signalStrength(dbm: number): SignalStrength {
  if (dbm >= -55) return 'strong';
  if (dbm >= -67) return 'good';
  return dbm >= -76 ? 'weak' : 'poor';
}

/** Finds what carries a link. Without an address there is nothing that tells two interfaces of a name apart. */
export function mediumOf(
  link: { readonly name: string; readonly address: string | null },
  media: readonly LinkMedium[],
): LinkMedium | null {
  return (
    media.find(
      ({ name, addresses }) =>
        name === link.name && link.address !== null && addresses.includes(link.address),
    ) ?? null
  );
}
