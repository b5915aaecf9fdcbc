import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../src-control/index.ts';
import { boxContract } from '../src-shared/control/contract.ts';
import type { ControlError } from '../src-shared/control/error.ts';
import { formatTimeOfDay } from '../src-shared/i18n/format.ts';
import type { BoxStatus, PeerStatus } from '../src-shared/model/box-status.ts';
import { formatPairingCode, type ShownCode } from '../src-shared/model/pairing.ts';
import type { Announcement } from '../src-shared/model/found-box.ts';
import type { Result } from '../src-shared/util/result.ts';
import { VERSION } from '../src-shared/version.ts';
import type { BoxArguments } from './arguments.ts';
import { watchCode } from './code-watch.ts';

type ClientArguments = Extract<BoxArguments, { socket: string; json: boolean }>;

/** Runs a command that asks a running box. @returns the exit status. */
export async function runClientCommand(args: ClientArguments): Promise<number> {
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
            ...describePairing(status),
            describeAnnouncement(status.announcement),
            ...status.peers.map(describePeer),
          ].join('\n'),
        );
      case 'pair':
        return await showCode(client, args.json);
      case 'rename': {
        const [name, newName] = args.positionals;
        return print(await client.call('box.rename', { name, newName }), args.json, () => 'renamed');
      }
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

async function showCode(client: ControlClient<typeof boxContract>, isJson: boolean): Promise<number> {
  const answer = await client.call('box.pair', {});
  const exitStatus = print(answer, isJson, describeCode);
  // A script gets the code and goes on; a person stays and sees how long there is, and that it worked.
  if (!answer.ok || isJson || !process.stdout.isTTY) return exitStatus;
  return watchCode(answer.value, {
    status: () => client.call('box.status', {}),
    now: () => Date.now(),
    nextSecond: () => sleep(1_000),
    write: (text) => void process.stdout.write(text),
  });
}

function describeCode({ code, expiresAt, fingerprint }: ShownCode): string {
  return [
    `Code ${formatPairingCode(code)}, valid until ${formatTimeOfDay(Date.parse(expiresAt))}, for one laptop`,
    `On the laptop: bowline pair --code ${code}`,
    `It will then show this box as ${fingerprint}`,
  ].join('\n');
}

function describePairing({ pairing: { open, failedAttempts, lastFailedAt } }: BoxStatus): readonly string[] {
  const shown =
    open === null
      ? []
      : [`shows a code until ${formatTimeOfDay(Date.parse(open.expiresAt))}, ${open.triesLeft} tries left`];
  if (lastFailedAt === null) return shown;
  const last = formatTimeOfDay(Date.parse(lastFailedAt));
  return [...shown, `${failedAttempts} failed attempt(s) to pair, the last at ${last}`];
}

function describeAnnouncement({ state, by, name, interfaces, problem }: Announcement): string {
  const where = interfaces.join(', ');
  switch (state) {
    case 'off':
      return 'not announced on the local network: started with --no-mdns';
    case 'starting':
      return 'not announced on the local network yet';
    case 'announced':
      return `announced as "${name}" on ${where}, ${by === 'avahi' ? 'by Avahi' : 'by itself'}`;
    case 'failed':
      return `not announced on the local network: ${problem ?? 'the log says why'}`;
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
