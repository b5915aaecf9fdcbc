import { ControlClient } from '../src-control/index.ts';
import { boxContract } from '../src-shared/control/contract.ts';
import type { ControlError } from '../src-shared/control/error.ts';
import type { PeerStatus } from '../src-shared/model/box-status.ts';
import type { Result } from '../src-shared/util/result.ts';
import { VERSION } from '../src-shared/version.ts';
import type { BoxArguments } from './arguments.ts';

type ClientArguments = Extract<BoxArguments, { socket: string; json: boolean }>;

/** Runs a command that asks a running box. @returns the exit status. */
export async function runClientCommand(args: ClientArguments): Promise<number> {
  if (args.command === 'pair') {
    process.stderr.write(
      'bowline-box: pairing by code is not part of this version; start the box with --peer NAME=PUBLICKEY, ' +
        'where the key is what `bowlined key` prints on the laptop\n',
    );
    return 1;
  }
  const client = new ControlClient({
    contract: boxContract,
    socketPath: args.socket,
    programVersion: VERSION,
  });
  try {
    switch (args.command) {
      case 'status':
        return print(await client.call('box.status', {}), args.json, (status) =>
          [
            `${status.name}: listening on ${status.listen}, ${status.peers.length} laptop(s)`,
            `key ${status.publicKey}`,
            ...status.peers.map(describePeer),
          ].join('\n'),
        );
      case 'peers':
        return print(await client.call('box.peers', {}), args.json, ({ peers }) =>
          peers.length === 0 ? 'no laptop is paired' : peers.map(describePeer).join('\n'),
        );
      case 'revoke':
        return print(
          await client.call('box.revoke', { name: args.positionals[0] }),
          args.json,
          () => 'revoked',
        );
    }
  } finally {
    client.close();
  }
}

function describePeer(peer: PeerStatus): string {
  const paths = peer.paths.map(({ address, state, rttMicros }) => {
    const delay = rttMicros === null ? '' : ` ${(rttMicros / 1_000).toFixed(1)} ms`;
    return `    ${state.padEnd(9)}${address}${delay}`;
  });
  return [`  ${peer.name.padEnd(20)} ${peer.state.padEnd(10)} ${peer.tunnelAddress4}`, ...paths].join('\n');
}

function print<T>(result: Result<T, ControlError>, isJson: boolean, describe: (value: T) => string): number {
  if (!result.ok) {
    process.stderr.write(`bowline-box: ${result.error.message}\n`);
    const { code } = result.error;
    return code === 'UNREACHABLE' || code === 'TIMEOUT' ? 3 : code === 'NOT_PERMITTED' ? 4 : 1;
  }
  process.stdout.write(`${isJson ? JSON.stringify(result.value) : describe(result.value)}\n`);
  return 0;
}
