import { createInterface } from 'node:readline';

/** Answers one kind of request; what it returns becomes the JSON result, what it throws the error. */
export type Handlers<
  Requests extends Record<string, { readonly params: unknown; readonly result: unknown }>,
> = {
  readonly [Name in keyof Requests]: (
    params: Requests[Name]['params'],
  ) => Requests[Name]['result'] | Promise<Requests[Name]['result']>;
};

/**
 * Serves requests as JSON lines on standard input, `{ id, method, params }`, with answers on standard output,
 * `{ id, result }` or `{ id, error }`. When the input ends, the process ends: nobody is left to ask.
 */
export function serveRequests<
  Requests extends Record<string, { readonly params: unknown; readonly result: unknown }>,
>(handlers: Handlers<Requests>): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const request = JSON.parse(line) as { id: number; method: keyof Requests & string; params: never };
    const answer = async (): Promise<unknown> => handlers[request.method](request.params);
    answer().then(
      (result) => process.stdout.write(`${JSON.stringify({ id: request.id, result: result ?? null })}\n`),
      (error: unknown) =>
        process.stdout.write(`${JSON.stringify({ id: request.id, error: String(error) })}\n`),
    );
  });
  lines.on('close', () => process.exit(0));
}
