/**
 * Units carried by the type. Plain numbers are accepted, but one unit is never accepted for another, which is the
 * mistake worth catching: a rate passed as a duration.
 */
type Unit<Name extends string> = number & { readonly unit?: Name };

/** Microseconds; a duration unless the name says it is a point of the monotonic clock. */
export type Micros = Unit<'microseconds'>;

/** Milliseconds since 1970 (the wall clock); for display only, never for protocol decisions. */
export type WallClockMs = Unit<'milliseconds since 1970'>;

/** Bits per second. */
export type BitsPerSecond = Unit<'bits per second'>;

/** A share between 0 and 1. */
export type Ratio = Unit<'ratio'>;
