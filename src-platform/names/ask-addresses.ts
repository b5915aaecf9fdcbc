import { Resolver } from 'node:dns/promises';

/**
 * Asks the machine's own resolver for a name's addresses. What they are is for whoever hears the answer.
 *
 * @returns whether there was one, even if it says that there are none
 */
export type AskAddresses = (name: string) => Promise<boolean>;

/** A resolver that has to ask around answers within this time; the second attempt is for a question that was lost. */
const ANSWER_WITHIN_MS = 2_000;
const ATTEMPTS = 2;

/**
 * Asks for both families, by the resolver file as it is at this moment. Not by the C library: that may ask the resolver
 * where no answer can be heard, and waits in one of few threads that files need too.
 */
export const askAddresses: AskAddresses = async (name) => {
  const resolver = new Resolver({ timeout: ANSWER_WITHIN_MS, tries: ATTEMPTS });
  const outcomes = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return outcomes.some(
    (outcome) =>
      outcome.status === 'fulfilled' || NO_ADDRESS.has((outcome.reason as { code?: unknown }).code),
  );
};

const NO_ADDRESS: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);
