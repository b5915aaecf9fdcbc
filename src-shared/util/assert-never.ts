/**
 * Ends a `switch` over a union, so that a new member is a compile error rather than a silent fall-through.
 *
 * @throws Error always: reaching it means that a value escaped its type.
 */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
