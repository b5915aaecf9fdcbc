import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Pairs with a box by its code, after which protection is on. */
export async function pairWithBox(
  { client, isJson, print }: CommandContext,
  box: string,
  code: string,
): Promise<CommandOutcome> {
  const answer = await client.call('pairing.pair', { box, code }, { timeoutMs: PAIRING_TIMEOUT_MS });
  if (!answer.ok) return answer.error;
  const { name, address, fingerprint } = answer.value.box;
  print(
    isJson
      ? JSON.stringify(answer.value)
      : `Paired with ${name} at ${address} (${fingerprint})\nProtection is on; see bowline status`,
  );
  return null;
}

/** Forgets the box. */
export async function unpair({ client, print }: CommandContext): Promise<CommandOutcome> {
  const answer = await client.call('pairing.unpair', {});
  if (!answer.ok) return answer.error;
  print('No box is paired any more; internet is direct');
  return null;
}

/** The daemon gives up by itself after some 20 s at most: 5 for each of four steps. */
const PAIRING_TIMEOUT_MS = 30_000;
