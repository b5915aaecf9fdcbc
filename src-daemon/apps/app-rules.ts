import { statSync } from 'node:fs';
import {
  askAddresses,
  ControlGroups,
  ExecError,
  executableOf,
  findGroupRoot,
  isInOwnNetwork,
  isOfUserRules,
  listProcesses,
  ownGroupPrefix,
  readProcessStart,
  RoutesError,
  type LinkSnapshot,
  type SystemJournal,
} from '../../src-platform/index.ts';
import { findProgram, interpreterOf, realPath } from '../../src-platform/apps/program-files.ts';
import {
  processesOfUser,
  socketInodesOf,
  withInternetSockets,
} from '../../src-platform/apps/process-sockets.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import { native } from '../../src-platform/native.ts';
import type {
  AppRule,
  AppUsage,
  InstalledApp,
  RuleAction,
  RuleProblem,
  RulesReport,
  RuleStatus,
  RuleSubject,
} from '../../src-shared/model/app-rule.ts';
import { MAX_RULES } from '../../src-shared/model/app-rule.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';
import type { Settings } from '../../src-shared/model/settings.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { type Result, err, ok } from '../../src-shared/util/result.ts';
import type { KnownBox } from '../arguments.ts';
import type { WatchedPackets } from '../packet-loop.ts';
import { AppCatalog } from './app-catalog.ts';
import { compileRules, isAboutPrograms, isSameSubject, type CompiledRules } from './compile-rules.ts';
import { DomainRules } from './domain-rules.ts';
import { isEssential, missingFacilities, type MissingFacility } from './facilities.ts';
import { NameAsker } from './name-asker.ts';
import { OpenSockets } from './open-sockets.ts';
import { ProgramSorter } from './program-sorter.ts';
import { RunningApps } from './running-apps.ts';
import { RuleNetwork } from './rule-network.ts';
import { UsageMeter } from './usage-meter.ts';
import { linkOf, WayBook } from './way-book.ts';

const PROGRAM_FILES = { realPath, findProgram, interpreterOf };

/** The daemon, as far as rules have to do with it. */
export interface RuledDaemon {
  readonly settings: Settings;
  readonly links: readonly LinkSnapshot[];
  readonly box: Pick<KnownBox, 'hosts' | 'told'> | null;
  readonly loop: WatchedPackets;
  status(): Pick<DaemonStatus, 'state'>;
  /** @throws StorageError; then nothing has changed. */
  changeSettings(change: Partial<Settings>): Promise<void>;
}

/** Tells which addresses are the tunnel's own. */
export interface TunnelAddresses {
  /** Empty until the box has told them. */
  readonly tunnelAddresses: readonly string[];
}

/** Rules for programs, users and destinations: keeps them, and keeps the system in line with them. */
export class AppRules {
  readonly catalog = new AppCatalog();
  readonly domains: DomainRules;
  readonly #daemon: RuledDaemon;
  readonly #routes: TunnelAddresses;
  readonly #log: Log;
  readonly #journal: SystemJournal;
  readonly #book = new WayBook();
  readonly #network: RuleNetwork;
  readonly #groups: ControlGroups | null;
  readonly #sorter: ProgramSorter | null;
  readonly #running = new RunningApps(this.catalog, PROGRAM_FILES);
  readonly #sockets: OpenSockets;
  readonly #usage = new UsageMeter({
    sockets: () => this.#sockets.list(),
    wayOf: (address) => this.#wayFrom(address),
    appOf: (pid) => {
      const app = this.catalog.find(this.#running.appOf(pid) ?? '');
      return app === null ? null : { id: app.id, name: app.name };
    },
    processes: listProcesses,
    socketsOf: socketInodesOf,
    executableOf,
    now: () => native.nowMicros(),
  });
  #compiled: CompiledRules = compileRules([], { commandOf: () => null, ...PROGRAM_FILES });
  #missing: readonly MissingFacility[] | null = null;
  #lookedAt = 0;
  #wasInForce = false;
  /** Processes that had sockets when their rule came, by rule; each with the time of its start. */
  readonly #older = new Map<string, ReadonlyMap<number, string | null>>();
  #linksKey = '';
  /** Links may be seen before the rules are compiled, and without those everything would be open. */
  #isStarted = false;
  #isClosed = false;
  readonly #ticker: NodeJS.Timeout;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(daemon: RuledDaemon, routes: TunnelAddresses, journal: SystemJournal, log: Log) {
    this.#daemon = daemon;
    this.#routes = routes;
    this.#log = log;
    this.#journal = journal;
    this.#network = new RuleNetwork(journal, this.#book);
    this.domains = new DomainRules({
      ...{ native, journal, log, ways: this.#book, packets: daemon.loop },
      asker: new NameAsker({ askAddresses, now: native.nowMicros }),
      onChange: () => void this.#inTurn(() => this.#steer()),
    });
    const root = findGroupRoot();
    this.#sockets = new OpenSockets(native, root, log);
    this.#groups = root === null ? null : new ControlGroups(root, ownGroupPrefix(), native);
    this.#sorter =
      this.#groups === null
        ? null
        : new ProgramSorter({
            groups: this.#groups,
            native,
            log,
            markOf: (action) => this.#book.markOf(action),
          });
    this.#ticker = setInterval(() => void this.#watchFirewall(), FIREWALL_CHECK_MS).unref();
  }

  /** Takes over what a killed daemon left, and puts the stored rules in force. */
  async start(): Promise<void> {
    const hasLeftovers = this.#journal.entries.some(isOfUserRules);
    if (hasLeftovers) await this.domains.adopt();
    if (hasLeftovers) this.#groups?.adopt();
    if (hasLeftovers || this.#daemon.settings.rules.length > 0) await this.#inTurn(() => this.#enforce());
    this.#isStarted = true;
  }

  /** Follows the links. Costs nothing while no rule is there. */
  follow(links: readonly LinkSnapshot[]): void {
    if (!this.#isStarted || !this.#isInForce || this.#isClosed) return;
    const key = JSON.stringify([links, this.#routes.tunnelAddresses, this.#daemon.box]);
    if (key === this.#linksKey) return;
    this.#linksKey = key;
    void this.#inTurn(() => this.#steer());
  }

  /** Puts back what somebody else removed from the system. @returns the lines that were missing */
  async repair(): Promise<string> {
    if (!this.#isInForce || this.#isClosed) return '';
    try {
      return (await this.#network.repair()) + this.domains.repair();
    } catch (error) {
      this.#log.warn('rules-not-repaired', describeError(error));
      return '';
    }
  }

  /** What the rules do now. */
  async report(): Promise<RulesReport> {
    await this.#lastChange.catch(() => undefined);
    const missing = this.missing.map(({ facility }) => facility);
    return { rules: this.#daemon.settings.rules.map((rule) => this.#statusOf(rule)), missing };
  }

  /** What this machine lacks, as of a minute ago at most. */
  get missing(): readonly MissingFacility[] {
    const now = native.nowMicros();
    if (this.#missing === null || now - this.#lookedAt > LOOK_INTERVAL_MICROS) {
      this.#missing = missingFacilities();
      this.#lookedAt = now;
    }
    const because = this.#sorter?.holdFailure ?? null;
    return because === null ? this.#missing : [...this.#missing, { facility: 'fanotify', because }];
  }

  /** Adds a rule, or gives the one about this subject another action. @throws StorageError */
  add(subject: RuleSubject, action: RuleAction): Promise<Result<AppRule, ControlError>> {
    return this.#inTurn(async () => {
      const { rules } = this.#daemon.settings;
      const same = rules.find((rule) => isSameSubject(rule.subject, subject));
      if (same === undefined && rules.length >= MAX_RULES)
        return tooMany(`there are ${MAX_RULES} rules already`);
      if (!this.#book.hasRoomFor([action])) return tooMany('rules keep programs on too many links');
      const rule = { id: same?.id ?? freeId(rules), subject, action };
      const next = same === undefined ? [...rules, rule] : rules.map((each) => (each === same ? rule : each));
      await this.#save(next);
      return ok(rule);
    });
  }

  /** Removes a rule. @throws StorageError */
  remove(id: string): Promise<Result<Record<string, never>, ControlError>> {
    return this.#inTurn(async () => {
      const { rules } = this.#daemon.settings;
      const next = rules.filter((rule) => rule.id !== id);
      if (next.length === rules.length)
        return err(controlError('NO_SUCH_RULE', `there is no rule ${id}; bowline rules lists them`));
      await this.#save(next);
      return ok({});
    });
  }

  /** Takes these rules in place of all; those about the same subjects keep their ids. @throws StorageError */
  replace(
    wanted: readonly Pick<AppRule, 'subject' | 'action'>[],
  ): Promise<Result<Record<string, never>, ControlError>> {
    return this.#inTurn(async () => {
      if (!this.#book.hasRoomFor(wanted.map(({ action }) => action)))
        return tooMany('rules keep programs on too many links');
      const { rules } = this.#daemon.settings;
      const next: AppRule[] = [];
      for (const { subject, action } of wanted) {
        const earlier = next.findIndex((rule) => isSameSubject(rule.subject, subject));
        // The last of several about one subject counts.
        const id = (earlier < 0 ? rules.find((rule) => isSameSubject(rule.subject, subject)) : next[earlier])
          ?.id;
        if (earlier >= 0) next.splice(earlier, 1);
        next.push({ id: id ?? freeId([...rules, ...next]), subject, action });
      }
      await this.#save(next);
      return ok({});
    });
  }

  /** The apps that are installed for a user. */
  async installed(uid: number | null): Promise<InstalledApp[]> {
    const entries = await this.catalog.list(uid);
    const processes = this.#running.count();
    return entries.map((entry) => ({
      id: entry.id,
      name: entry.name,
      keywords: [...entry.keywords],
      origin: entry.origin,
      hasIcon: this.catalog.hasIcon(entry),
      isSingleInstance: entry.isSingleInstance,
      processes: processes.get(entry.id) ?? 0,
    }));
  }

  /** Who uses which way now. */
  async usage(): Promise<AppUsage[]> {
    await this.catalog.refresh(null);
    return [...(await this.#usage.measure())];
  }

  /** Puts one process under an action; what it starts follows. */
  enter(pid: number | null, action: RuleAction): Promise<Result<Record<string, never>, ControlError>> {
    return this.#inTurn(async () => {
      const [missing] = this.missing.filter(isEssential);
      if (missing !== undefined || this.#sorter === null)
        return err(
          controlError('RULES_UNSUPPORTED', `${missing?.because ?? ''}; bowline doctor says what helps`),
        );
      if (pid === null || pid <= 0 || !isInOwnNetwork(pid))
        return err(
          controlError(
            'NOT_POSSIBLE_NOW',
            'the calling process is not in the network that the service serves',
          ),
        );
      if (!this.#book.hasRoomFor([action])) return tooMany('rules keep programs on too many links');
      await this.#steer([action]);
      await this.#record();
      await this.#sorter.enter(pid, action);
      return ok({});
    });
  }

  /** Ends all rules' effect; the journal takes away what they left on the system. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    this.#sorter?.close();
    this.domains.close();
    this.#sockets.close();
    await this.#lastChange.catch(() => undefined);
  }

  get #isInForce(): boolean {
    return this.#daemon.settings.rules.length > 0 || (this.#sorter?.entered.size ?? 0) > 0;
  }

  async #save(rules: readonly AppRule[]): Promise<void> {
    const before = this.#daemon.settings.rules;
    await this.#daemon.changeSettings({ rules: [...rules] });
    const changed = rules.filter(
      (rule) => !before.some((old) => JSON.stringify(old) === JSON.stringify(rule)),
    );
    await this.#enforce();
    for (const rule of changed) this.#noteOlder(rule);
    for (const id of this.#older.keys()) if (!rules.some((rule) => rule.id === id)) this.#older.delete(id);
  }

  /** Brings the whole system in line with the rules. */
  async #enforce(): Promise<void> {
    if (this.#isClosed) return;
    const { rules } = this.#daemon.settings;
    await this.catalog.refresh(null);
    this.#compiled = compileRules(rules, {
      commandOf: (id) => this.catalog.find(id)?.command ?? null,
      ...PROGRAM_FILES,
    });
    // First the ways, so that no socket has a mark that leads nowhere.
    await this.#steer();
    if (this.#groups === null || this.#sorter === null) return;
    try {
      if (rules.some(({ subject }) => isAboutPrograms(subject))) await this.#record();
      const kept = new Map(rules.map(({ id, action }) => [id, action]));
      for (const action of this.#sorter.entered) kept.set(`run.${action}`, action);
      for (const purpose of this.#groups.purposes) {
        const action = kept.get(purpose);
        if (action === undefined) this.#groups.dissolve(purpose);
        else this.#groups.setMark(purpose, this.#book.markOf(action));
      }
      await this.#sorter.follow(this.#compiled);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#log.warn('programs-not-sorted', describeError(error));
    }
  }

  /** Lets routing and firewall follow rules and links. */
  async #steer(further: readonly RuleAction[] = []): Promise<void> {
    if (this.#isClosed) return;
    const { settings, links, box } = this.#daemon;
    const { rules } = settings;
    const { tunnelAddresses } = this.#routes;
    const boxAddresses = [...(box?.hosts ?? []), ...(box?.told ?? [])].map(({ host }) => host);
    try {
      await this.domains.follow(rules, { links, tunnelAddresses, boxAddresses });
      await this.#network.follow({
        rules,
        compiled: this.#compiled,
        entered: [...(this.#sorter?.entered ?? []), ...further],
        links,
        tunnelAddresses,
        domains: this.domains.ways,
      });
      this.domains.apply();
    } catch (error) {
      if (!(error instanceof RoutesError) && !(error instanceof ExecError)) throw error;
      this.#log.error('rules-refused', {
        ...describeError(error),
        effect: 'rules for programs have no effect',
      });
    }
  }

  /** Writes down that groups of ours are about to be made. @throws StorageError */
  async #record(): Promise<void> {
    if (this.#groups === null) return;
    await this.#journal.record([{ kind: 'control-groups', prefix: ownGroupPrefix() }]);
  }

  async #watchFirewall(): Promise<void> {
    if (this.#isClosed) return;
    // The last program that was started under an action without a rule has ended.
    if (this.#wasInForce && !this.#isInForce) await this.#inTurn(() => this.#steer());
    this.#wasInForce = this.#isInForce;
    if (!this.#isInForce) return;
    try {
      if (await this.#network.repairFirewall())
        this.#log.warn('firewall-repaired', { table: 'inet bowline' });
    } catch (error) {
      this.#log.debug('firewall-not-seen', describeError(error));
    }
  }

  #statusOf(rule: AppRule): RuleStatus {
    const processes = this.#processesOf(rule);
    const older = this.#older.get(rule.id);
    const toRestart = processes.filter(
      (pid) => older?.has(pid) === true && older.get(pid) === readProcessStart(pid),
    );
    return {
      ...rule,
      problem: this.#problemOf(rule),
      processes: processes.length,
      toRestart: toRestart.length,
    };
  }

  #processesOf({ id, subject }: AppRule): readonly number[] {
    if (isAboutPrograms(subject)) return this.#sorter?.processesOf(id) ?? [];
    const uid = subject.kind === 'user' ? this.#network.userIdOf(subject.name) : null;
    return uid === null ? [] : processesOfUser(uid);
  }

  #problemOf({ id, subject, action }: AppRule): RuleProblem | null {
    if (isAboutPrograms(subject) && this.#missing?.some(isEssential) === true) return 'unsupported';
    if (
      subject.kind === 'cgroup' &&
      this.#sorter?.markedBy(id).some((path) => this.#sorter?.isRefused(path)) === true
    )
      return 'unsupported';
    if (subject.kind === 'domain' && this.domains.failure !== null) return 'unsupported';
    if (subject.kind === 'cgroup' && !this.#hasGroup(subject.path)) return 'no-such-cgroup';
    if (subject.kind === 'user' && this.#network.userIdOf(subject.name) === null) return 'no-such-user';
    const link = linkOf(action);
    if (link !== null && !this.#isThere(link)) return 'link-away';
    const problem = this.#compiled.problems.get(id);
    if (problem !== undefined) return problem;
    const isLane = action === 'bonded' || action === 'redundant';
    if (isLane && this.#daemon.status().state !== 'protected') return 'no-tunnel';
    return subject.kind === 'domain' && this.domains.isUnheard(subject.name) ? 'no-answer-yet' : null;
  }

  #wayFrom(address: string): string | null {
    if (this.#routes.tunnelAddresses.includes(address)) return 'tunnel';
    const link = this.#daemon.links.find(({ addresses }) => addresses.some((own) => own.address === address));
    return link?.name ?? null;
  }

  #hasGroup(path: string): boolean {
    return (
      this.#groups !== null &&
      statSync(`${this.#groups.root}${path}`, { throwIfNoEntry: false }) !== undefined
    );
  }

  #isThere(name: string): boolean {
    const link = this.#daemon.links.find((each) => each.name === name);
    return (
      link !== undefined && link.up && link.carrier && link.addresses.some(({ scope }) => scope === 'global')
    );
  }

  /** Sockets keep the mark that they were made with, so whoever has some goes on as before. */
  #noteOlder(rule: AppRule): void {
    const older = withInternetSockets(this.#processesOf(rule));
    this.#older.set(rule.id, new Map(older.map((pid) => [pid, readProcessStart(pid)])));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    // The failure of an earlier change was told to who asked for it.
    const next = this.#lastChange.catch(() => undefined).then(change);
    this.#lastChange = next;
    return next;
  }
}

/** A kernel does not change while it runs; rights of the service hardly ever do. */
const LOOK_INTERVAL_MICROS = 60_000_000;

/** Whoever reloads a firewall may flush all tables, which no event of routing tells. */
const FIREWALL_CHECK_MS = 5_000;

function tooMany(cause: string): Result<never, ControlError> {
  return err(controlError('TOO_MANY_RULES', `${cause}; remove one first`));
}

/** Short enough to type, and never that of a rule that is there. */
function freeId(rules: readonly AppRule[]): string {
  const used = new Set(rules.map(({ id }) => id));
  for (let number = 1; ; number++) if (!used.has(String(number))) return String(number);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
