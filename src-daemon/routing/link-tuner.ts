import {
  exec,
  type Exec,
  type LinkSnapshot,
  linkSysctls,
  type SysctlFiles,
  sysctlFiles,
  Sysctls,
  type SystemJournal,
} from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';

/**
 * Keeps the kernel's settings of each link in use as two links in one network need them, and puts them back where a
 * link is no longer used. Others may reset them at any time, which nothing announces, so they are looked at again and
 * again; that costs a few reads of small files.
 */
export class LinkTuner {
  private readonly sysctls: Sysctls;
  private readonly log: Log;
  private readonly onUnwritable: (error: unknown) => void;
  private readonly run: Exec;
  /** Index of the device that each setting was made for. */
  private readonly settled = new Map<string, number>();
  private readonly resets = new Map<string, number>();
  private lastChange: Promise<void> = Promise.resolve();

  /** @param onUnwritable the changes could not be written down, so they were not made */
  constructor(
    journal: Pick<SystemJournal, 'record'>,
    log: Log,
    onUnwritable: (error: unknown) => void,
    files: SysctlFiles = sysctlFiles(),
    run: Exec = exec,
  ) {
    this.sysctls = new Sysctls(files, journal);
    this.log = log;
    this.onUnwritable = onUnwritable;
    this.run = run;
  }

  /** Brings the settings in line; calls are worked off one after the other. */
  follow(links: readonly LinkSnapshot[], isInUse: boolean): Promise<void> {
    const used = isInUse ? links.filter((link) => link.ignoredBecause === null && link.up) : [];
    this.lastChange = this.lastChange.then(() => this.reach(used)).catch(this.onUnwritable);
    return this.lastChange;
  }

  /** Puts everything back. */
  async close(): Promise<void> {
    await this.follow([], false);
  }

  private async reach(used: readonly LinkSnapshot[]): Promise<void> {
    const isKept = (path: string): boolean => used.some(({ name }) => isOfLink(path, name));
    this.sysctls.release(isKept);
    for (const path of this.settled.keys()) if (!isKept(path)) this.settled.delete(path);
    const misheard: string[] = [];
    for (const link of used) {
      const wanted = linkSysctls(link.name, this.sysctls).filter(({ path }) => this.mayReset(path));
      const { changed, refused } = await this.sysctls.apply(wanted);
      for (const path of changed) this.note(path, link);
      for (const { path, errno } of refused) this.refuse(path, errno);
      if (changed.some(isAboutArp)) misheard.push(link.name);
    }
    // Until now the laptop answered for each address on every link, so neighbours may send to the wrong one.
    for (const name of misheard) await this.introduceAgain(name);
  }

  /**
   * Forgets the neighbours on a link. Each is asked for anew before the next packet to it, and takes the link's own
   * hardware address from the question (RFC 826).
   */
  private async introduceAgain(link: string): Promise<void> {
    try {
      await this.run('ip', ['-4', 'neighbour', 'flush', 'dev', link]);
    } catch (error) {
      // A link that has gone since has nobody to be introduced to.
      this.log.debug('neighbours-kept', { link, detail: describeError(error) });
    }
  }

  private note(path: string, { name: link, ifindex }: LinkSnapshot): void {
    if (this.settled.get(path) !== ifindex) {
      this.settled.set(path, ifindex);
      return;
    }
    const count = (this.resets.get(path) ?? 0) + 1;
    this.resets.set(path, count);
    if (count < MOST_RESETS) this.log.warn('sysctl-repaired', { path, link });
    else this.log.warn('sysctl-contested', { path, link, effect: RECEIVE_BLOCKED });
  }

  private refuse(path: string, errno: string): void {
    if (this.resets.get(path) === MOST_RESETS) return;
    this.resets.set(path, MOST_RESETS);
    this.log.warn('sysctl-refused', { path, errno, effect: RECEIVE_BLOCKED });
  }

  private mayReset(path: string): boolean {
    return (this.resets.get(path) ?? 0) < MOST_RESETS;
  }
}

/** Who resets a setting so often has a policy; then the link is left as it is told to be. */
const MOST_RESETS = 10;

const RECEIVE_BLOCKED = 'beside another link of the same network, this one may not receive';

function isAboutArp(path: string): boolean {
  return path.endsWith('/arp_ignore') || path.endsWith('/arp_announce');
}

function isOfLink(path: string, name: string): boolean {
  return path.startsWith('net/') && path.split('/').at(-2) === name;
}
