import { alignColumns } from '../../src-shared/command-line/columns.ts';
import type { FoundBox } from '../../src-shared/model/found-box.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Time for two questions, a second apart, and their answers. */
const SEARCH_MS = 2_000;
const ANSWER_TIMEOUT_MS = SEARCH_MS + 5_000;

/** Lists the boxes that announce themselves on the links. */
export async function listBoxes({ client, isJson, print }: CommandContext): Promise<CommandOutcome> {
  const params = { timeoutMillis: SEARCH_MS };
  const answer = await client.call('boxes.find', params, { timeoutMs: ANSWER_TIMEOUT_MS });
  if (!answer.ok) return answer.error;
  const { boxes } = answer.value;
  if (isJson) print(JSON.stringify(boxes));
  else print(boxes.length === 0 ? NOTHING : boxesTable(boxes).join('\n'));
  return null;
}

const NOTHING = [
  'No box answers on these links.',
  'See that it is on, runs without --no-mdns and hangs on the same network; guest networks often keep machines apart.',
].join('\n');

function boxesTable(boxes: readonly FoundBox[]): readonly string[] {
  const rows = boxes.map(({ name, fingerprint, protocol, port, addresses }) => [
    name,
    fingerprint,
    String(protocol),
    String(port),
    addresses.join(', '),
  ]);
  return alignColumns([['Box', 'Fingerprint', 'Protocol', 'Port', 'Addresses'], ...rows]);
}
