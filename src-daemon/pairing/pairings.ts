import { hostname } from 'node:os';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import type { PairingIdentity } from '../../src-pairing/identity.ts';
import { MOST_NAME_BYTES } from '../../src-pairing/messages.ts';
import {
  fingerprintOf,
  isConnected,
  StorageError,
  type LinkSnapshot,
  type StagedFile,
} from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import { native } from '../../src-platform/native.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';
import type { LinkPriority } from '../../src-shared/model/link.ts';
import type { BoxIdentity } from '../../src-shared/model/status.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { parseBoxHost, type BoxHost, type KnownBox } from '../arguments.ts';
import type { DaemonState } from '../daemon-state.ts';
import type { PacketLoop } from '../packet-loop.ts';
import { resolveHosts } from '../routing/box-addresses.ts';
import { pairingError, printable } from './failure-text.ts';
import { PairingRun, type PairingTarget } from './pairing-run.ts';

/** A box that was heard of on the local network. */
export interface FoundBox {
  readonly name: string;
  /** IPv6 link-local ones with `%interface`. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly fingerprint: string;
}

/** Looks for boxes on the local network. */
export type FindBoxes = () => Promise<readonly FoundBox[]>;

/** What pairing needs of the daemon. */
export interface PairingsParts {
  readonly loop: PacketLoop;
  readonly state: Pick<DaemonState, 'boxFile' | 'key'>;
  readonly log: Log;
  /** Whether the box was given by an argument, which pairing does not replace. */
  readonly isGiven: boolean;
  readonly findBoxes: FindBoxes;
  readonly daemon: PairingDaemon;
}

/** The daemon as pairing sees it. */
export interface PairingDaemon {
  readonly links: readonly LinkSnapshot[];
  readonly priorities: ReadonlyMap<string, LinkPriority>;
  readonly box: KnownBox | null;
  /** Has to do with this box from now on, or with none. */
  useBox(box: KnownBox | null): void;
}

interface NamedTarget extends PairingTarget {
  /** As they are stored: names stay names. */
  readonly hosts: readonly BoxHost[];
}

/** Pairs this laptop with a box, and ends that; one at a time. */
export class Pairings {
  private readonly parts: PairingsParts;
  private isBusy = false;

  constructor(parts: PairingsParts) {
    this.parts = parts;
  }

  /**
   * @param box `auto` or `HOST[:PORT]`.
   * @param mayReplace whether a box that is paired may be replaced by another one.
   */
  async pair(box: string, code: string, mayReplace: boolean): Promise<Result<BoxIdentity, ControlError>> {
    if (this.parts.isGiven) return err(givenByArgument());
    if (this.isBusy)
      return err(controlError('PAIRING_BUSY', 'another pairing is under way; try again in a few seconds'));
    this.isBusy = true;
    try {
      const targets = await this.targetsOf(box);
      return targets.ok ? await this.pairWith(targets.value, code, mayReplace) : targets;
    } catch (error) {
      if (error instanceof ReplacementRefused) return err(replacementError(error));
      if (!(error instanceof StorageError)) throw error;
      return err(
        controlError(
          'STATE_UNWRITABLE',
          `${error.message}; this laptop knows the box that it knew before, if any`,
        ),
      );
    } finally {
      this.isBusy = false;
    }
  }

  /** Forgets the box and ends the session with it. */
  async unpair(): Promise<Result<Record<string, never>, ControlError>> {
    if (this.parts.isGiven) return err(givenByArgument());
    if (this.parts.daemon.box === null)
      return err(
        controlError('NO_BOX_PAIRED', 'no box is paired with this laptop; there is nothing to undo'),
      );
    try {
      await this.parts.state.boxFile.forget();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return err(controlError('STATE_UNWRITABLE', error.message));
    }
    this.parts.log.info('unpaired');
    this.parts.daemon.useBox(null);
    return ok({});
  }

  /**
   * Remembers where the box said that it is, so that a daemon that starts elsewhere, or after the box has moved, finds it
   * without a search, which not every network carries.
   */
  async remember(told: readonly BoxHost[]): Promise<void> {
    const { daemon, isGiven, log, state } = this.parts;
    const { box } = daemon;
    // A pairing that is under way has the file; the box of its session tells again.
    if (box === null || box.name === null || isGiven || this.isBusy || isSameSet(told, box.told)) return;
    const learned = { ...box, name: box.name, told };
    try {
      await state.boxFile.update(learned);
    } catch (error) {
      log.warn('box-addresses-not-stored', describeError(error));
    }
  }

  private async targetsOf(box: string): Promise<Result<readonly NamedTarget[], ControlError>> {
    if (box === 'auto') return this.findTargets();
    const host = parseBoxHost(box);
    if (host === null)
      return err(
        controlError('INVALID_PARAMS', `"${box}" is no address or host name; the form is HOST[:PORT]`),
      );
    const addresses = await resolveHosts([host]);
    if (addresses.length > 0) return ok([{ addresses, hosts: [host], fingerprint: null }]);
    const advice = 'check the name, or give the address';
    return err(controlError('BOX_NOT_REACHABLE', `the name ${host.host} has no address; ${advice}`));
  }

  private async findTargets(): Promise<Result<readonly NamedTarget[], ControlError>> {
    const found = await this.parts.findBoxes();
    if (found.length === 0)
      return err(
        controlError('NO_BOX_FOUND', 'no box was found on this network; say where it is with --box HOST'),
      );
    const targets = await Promise.all(
      found.map(async ({ addresses, port, fingerprint }): Promise<NamedTarget> => {
        const hosts = addresses.map((host) => ({ host, port }));
        return { hosts, addresses: await resolveHosts(hosts), fingerprint };
      }),
    );
    return ok(targets);
  }

  private async pairWith(
    targets: readonly NamedTarget[],
    code: string,
    mayReplace: boolean,
  ): Promise<Result<BoxIdentity, ControlError>> {
    const { loop, state, log, daemon } = this.parts;
    const links = this.usableLinks();
    if (links.length === 0)
      return err(
        controlError('NOT_POSSIBLE_NOW', 'no link is connected; plug in a cable or join a Wi-Fi network'),
      );
    let prepared: { readonly box: KnownBox & { readonly name: string }; readonly staged: StagedFile } | null =
      null;
    const run = new PairingRun({
      native,
      engine: loop.engine,
      pump: loop.pump,
      links,
      targets,
      code,
      identity: { publicKey: state.key.publicKey, name: ownName(), tunnelVersion: PROTOCOL_VERSION },
      stage: async (identity, target) => {
        const box = { ...describe(identity), hosts: targets[target]!.hosts, told: [] };
        const known = daemon.box;
        if (!mayReplace && known !== null && known.publicKey !== box.publicKey)
          throw new ReplacementRefused(known.name ?? 'another box', box.name);
        prepared = { box, staged: await state.boxFile.stage(box) };
      },
    });
    loop.onPairing = (datagram) => run.onDatagram(datagram);
    try {
      const end = await run.run();
      // Assigned inside of a callback, which the compiler does not follow.
      const ready = prepared as { box: KnownBox & { name: string }; staged: StagedFile } | null;
      if (end.kind === 'failed' || ready === null) {
        await ready?.staged.discard();
        const failure = end.kind === 'failed' ? end.failure : ({ kind: 'impostor' } as const);
        log.warn('pairing-failed', { failure: failure.kind });
        return err(pairingError(failure, run.tried));
      }
      await ready.staged.commit();
      log.info('paired', { box: ready.box.name });
      daemon.useBox(ready.box);
      const fingerprint = fingerprintOf(Buffer.from(ready.box.publicKey, 'base64'));
      return ok({ name: ready.box.name, address: end.address.address, fingerprint });
    } finally {
      loop.onPairing = null;
      run.close();
    }
  }

  private usableLinks(): readonly LinkSnapshot[] {
    const { links, priorities } = this.parts.daemon;
    return links.filter(
      (link) => link.ignoredBecause === null && isConnected(link) && priorities.get(link.name) !== 'never',
    );
  }
}

/** The box lists its addresses in no order. */
function isSameSet(one: readonly BoxHost[], other: readonly BoxHost[]): boolean {
  const texts = (hosts: readonly BoxHost[]): string =>
    hosts
      .map(({ host, port }) => `${host} ${port}`)
      .sort()
      .join();
  return texts(one) === texts(other);
}

/** Thrown before either side has stored anything. */
class ReplacementRefused extends Error {
  readonly knownName: string;
  readonly newName: string;

  constructor(knownName: string, newName: string) {
    super('another box is paired');
    this.name = 'ReplacementRefused';
    this.knownName = knownName;
    this.newName = newName;
  }
}

function replacementError({ knownName, newName }: ReplacementRefused): ControlError {
  const text = `this laptop is paired with ${knownName}, and to put ${newName} in its place takes root`;
  return controlError('NOT_PERMITTED', `${text}; run sudo bowline unpair, then pair again with a new code`);
}

function describe({ publicKey, name }: PairingIdentity): {
  readonly name: string;
  readonly publicKey: string;
} {
  return { name: printable(name), publicKey: Buffer.from(publicKey).toString('base64') };
}

function ownName(): Uint8Array {
  return new Uint8Array(Buffer.from(hostname().split('.')[0] || 'laptop').subarray(0, MOST_NAME_BYTES));
}

function givenByArgument(): ControlError {
  const advice = 'start bowlined without it to use pairing';
  return controlError('BOX_FROM_ARGUMENT', `the box was given by --box; ${advice}`);
}
