/** Answers of operations whose failure is expected and left to the caller to judge. */
export type Result<T, E> = Ok<T> | Err<E>;

/** The successful half of a {@link Result}. */
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

/** The failed half of a {@link Result}. */
export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

/** Wraps a value as a success. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** Wraps a reason as a failure. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}
