import type { BusMessage, BusValue } from '../../src-platform/dbus/message.ts';
import {
  BUS_NAME,
  type BusCall,
  type BusConnection,
  type BusListener,
} from '../../src-platform/dbus/system-bus.ts';

/** A message bus in memory, with services that only note what they are asked. */
export class FakeBus implements BusConnection {
  listener: BusListener | null = null;
  readonly calls: BusCall[] = [];
  readonly matches: string[] = [];
  /** Owners of names. */
  readonly owners = new Map<string, string>();
  /** What calls are answered with. */
  answer: (call: BusCall) => readonly BusValue[] | Error = () => [];
  isClosed = false;

  readonly connect = (listener: BusListener): Promise<BusConnection> => {
    this.listener = listener;
    return Promise.resolve(this);
  };

  call(call: BusCall): Promise<readonly BusValue[]> {
    this.calls.push(call);
    const answer = this.answer(call);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  addMatch(rule: string): Promise<void> {
    this.matches.push(rule);
    return Promise.resolve();
  }

  hasOwner(name: string): Promise<boolean> {
    return Promise.resolve(this.owners.has(name));
  }

  ownerOf(name: string): Promise<string | null> {
    return Promise.resolve(this.owners.get(name) ?? null);
  }

  close(): void {
    this.isClosed = true;
  }

  /** A service starts (with a new owner), or ends (with an empty one). */
  become(name: string, owner: string): void {
    const before = this.owners.get(name) ?? '';
    if (owner === '') this.owners.delete(name);
    else this.owners.set(name, owner);
    this.emit(BUS_NAME, 'NameOwnerChanged', [name, before, owner]);
  }

  /** Some connection sends a signal. */
  emit(sender: string, member: string, body: readonly BusValue[], path = '/'): void {
    this.listener?.onSignal({ kind: 'signal', sender, member, body, path, interface: null } as BusMessage);
  }

  /** The members that were called since the last time. */
  takeCalls(): string[] {
    return this.calls.splice(0).map(({ member, body = [] }) => `${member} ${JSON.stringify(body)}`);
  }
}

/** All promises that wait for nothing outside are settled. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
