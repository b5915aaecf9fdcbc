import { dirname } from 'node:path';
import {
  executableOf,
  isInOwnNetwork,
  listGroups,
  listProcesses,
  GroupWatch,
  type ControlGroups,
} from '../../src-platform/index.ts';
import { appOfUnit } from '../../src-platform/apps/app-units.ts';
import { scriptOf } from '../../src-platform/apps/program-files.ts';
import type { NativeApi, NativeProcessStarts } from '../../src-platform/native.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import type { RuleAction } from '../../src-shared/model/app-rule.ts';
import { type CompiledRules, type ProgramRule, hasPrograms } from './compile-rules.ts';
import { SecondLooks } from './second-looks.ts';
import { StartGate } from './start-gate.ts';

/** What sorting needs. */
export interface ProgramSorterOptions {
  readonly groups: ControlGroups;
  readonly native: Pick<NativeApi, 'ProcessStarts' | 'ExecGate'>;
  readonly log: Log;
  /** The mark of sockets whose packets take an action's way. */
  readonly markOf: (action: RuleAction) => number;
}

/**
 * Puts processes into our control groups as rules say: those that run, and each new one as it starts. Children come
 * into their parent's group by the kernel. A desktop that gives an app a group of its own is met half-way: that group
 * itself gives the mark, from before the first process is in it.
 */
export class ProgramSorter {
  readonly #options: ProgramSorterOptions;
  #rules: CompiledRules | null = null;
  #starts: NativeProcessStarts | null = null;
  #watch: GroupWatch | null = null;
  #isDeaf = false;
  /** Rule of each marked group that others made. */
  #marked = new Map<string, ProgramRule>();
  /** Groups whose marks are somebody else's already. */
  readonly #refused = new Set<string>();
  readonly #gate: StartGate;
  readonly #secondLooks = new SecondLooks((pid) => void this.#sort(pid));
  readonly #ticker: NodeJS.Timeout;

  constructor(options: ProgramSorterOptions) {
    this.#options = options;
    const { native, log } = options;
    this.#gate = new StartGate(native, log, async (pid, rule) => void (await this.#place(pid, rule, true)));
    this.#ticker = setInterval(() => this.#tidy(), TIDY_MS).unref();
  }

  /** Whether new processes are not told of, so that rules wait for the next look. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** Why programs are met after their start only; null while they are met before, or no rule has needed it. */
  get holdFailure(): string | null {
    return this.#gate.refusal;
  }

  /** Follows changed rules: processes that run are sorted anew, at once. */
  async follow(rules: CompiledRules): Promise<void> {
    this.#rules = rules;
    if (!hasPrograms(rules)) {
      this.#stopListening();
      this.#markGroups();
      return;
    }
    this.#gate.follow(new Map([...rules.executables, ...rules.scripts]));
    this.#listen(rules);
    this.#markGroups();
    await Promise.all(listProcesses().map((pid) => this.#sort(pid)));
  }

  /** Puts one process under an action, whatever rules say. @throws an error with an errno code */
  async enter(pid: number, action: RuleAction): Promise<void> {
    const { groups, markOf } = this.#options;
    const place = groups.placeOf(pid);
    if (place !== null) await groups.enterWithChildren(pid, place, `${RUN}${action}`, markOf(action));
  }

  /** Actions that processes were put under without a rule. */
  get entered(): ReadonlySet<RuleAction> {
    const purposes = [...this.#options.groups.purposes].filter((purpose) => purpose.startsWith(RUN));
    return new Set(purposes.map((purpose) => purpose.slice(RUN.length) as RuleAction));
  }

  /** Groups that others made and that give a rule's mark. */
  markedBy(ruleId: string): readonly string[] {
    return [...this.#marked].flatMap(([path, { id }]) => (id === ruleId ? [path] : []));
  }

  /** Whether a rule's groups have somebody else's marks. */
  isRefused(path: string): boolean {
    return this.#refused.has(path);
  }

  /** Processes that a rule about programs decides about. */
  processesOf(ruleId: string): readonly number[] {
    const { groups } = this.#options;
    const inMarked = this.markedBy(ruleId).flatMap((path) => groups.processesOf(path));
    return [...new Set([...groups.processesFor(ruleId), ...inMarked])];
  }

  /** Looks once more for what no event tells of: a group that ended, or one that somebody else put elsewhere. */
  #tidy(): void {
    this.#options.groups.sweep();
    if (this.#rules === null || !hasPrograms(this.#rules)) return;
    this.#markGroups();
    if (this.#isDeaf) for (const pid of listProcesses()) void this.#sort(pid);
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#stopListening();
    this.#options.groups.close();
    this.#rules = null;
  }

  #listen(rules: CompiledRules): void {
    const { groups, native, log } = this.#options;
    if (rules.apps.size + rules.groups.size > 0) {
      this.#watch ??= new GroupWatch(groups.root, (path) => this.#onGroup(path));
      for (const path of rules.groups.keys()) this.#watch.include(dirname(path) === '/' ? '' : dirname(path));
    }
    if (rules.executables.size + rules.scripts.size === 0) {
      this.#starts?.close();
      this.#starts = null;
      return;
    }
    try {
      const starts = this.#starts ?? new native.ProcessStarts();
      this.#starts = starts;
      starts.follow(
        [...rules.executables.keys(), ...rules.interpreters],
        this.#gate.isOpen ? REST_MS.besideGate : REST_MS.alone,
      );
      starts.startPolling(() => this.#onStarts(starts.read()));
      this.#isDeaf = false;
    } catch (error) {
      if (!this.#isDeaf) log.warn('process-starts-unknown', { ...describeError(error), effect: DEAF });
      this.#isDeaf = true;
    }
  }

  #stopListening(): void {
    this.#gate.close();
    this.#starts?.close();
    this.#starts = null;
    this.#watch?.close();
    this.#watch = null;
    this.#secondLooks.close();
  }

  #onStarts(pids: readonly number[]): void {
    for (const pid of pids) {
      if (pid !== LOST) void this.#meet(pid);
      else for (const each of listProcesses()) void this.#sort(each);
    }
  }

  /** Sorts a process that has just started. */
  async #meet(pid: number): Promise<void> {
    if (this.#gate.isOpen && this.#secondLooks.hasJustCome(pid)) return;
    const rule = this.#ruleFor(pid);
    // Who was held is in its group already: whoever is not has a file that nobody holds, such as one after an update.
    if (rule !== null && (await this.#place(pid, rule))) this.#gate.renew(rule);
  }

  async #sort(pid: number): Promise<void> {
    const rule = this.#ruleFor(pid);
    if (rule !== null) await this.#place(pid, rule);
  }

  /**
   * @param isHeld whether it has not begun to run: what children it has were started by the program before it
   * @returns whether it was put into the rule's group, in which it had not been
   */
  async #place(pid: number, rule: ProgramRule, isHeld = false): Promise<boolean> {
    if (!isInOwnNetwork(pid)) return false;
    const { groups, markOf, log } = this.#options;
    const place = groups.placeOf(pid);
    // Who was started by `bowline run` stays where it was put.
    if (place === null || place.purpose?.startsWith(RUN) === true) return false;
    try {
      if ((this.#groupRuleFor(place.base)?.order ?? -1) > rule.order) groups.leave(pid);
      else {
        const mark = markOf(rule.action);
        const hasMoved = await (isHeld
          ? groups.enter(pid, place, rule.id, mark)
          : groups.enterWithChildren(pid, place, rule.id, mark));
        if (hasMoved) this.#secondLooks.add(pid);
        return hasMoved;
      }
    } catch (error) {
      log.warn('process-not-sorted', { pid, rule: rule.id, ...describeError(error) });
    }
    return false;
  }

  #ruleFor(pid: number): ProgramRule | null {
    const rules = this.#rules;
    const executable = rules === null ? null : executableOf(pid);
    if (rules === null || executable === null) return null;
    const rule = rules.executables.get(executable) ?? null;
    if (rules.scripts.size === 0 || !rules.interpreters.has(executable)) return rule;
    const script = scriptOf(pid);
    const byScript = script === null ? undefined : rules.scripts.get(script);
    // A script is the closer description of the two.
    return byScript ?? rule;
  }

  #onGroup(path: string): void {
    const rule = this.#groupRuleAt(path);
    if (rule !== null) this.#markGroup(path, rule);
  }

  #markGroup(path: string, rule: ProgramRule): void {
    const { groups, markOf, log } = this.#options;
    const errno = groups.markOther(path, markOf(rule.action));
    this.#marked.set(path, rule);
    if (errno === null) {
      this.#refused.delete(path);
      return;
    }
    if (!this.#refused.has(path)) log.warn('group-not-marked', { group: path, rule: rule.id, errno });
    this.#refused.add(path);
  }

  /** Marks all groups that rules are about, and no others. */
  #markGroups(): void {
    const { groups } = this.#options;
    const rules = this.#rules;
    const wanted = new Map<string, ProgramRule>();
    if (rules !== null && rules.apps.size + rules.groups.size > 0) {
      for (const path of ['', ...listGroups(groups.root)]) {
        const rule = this.#groupRuleAt(path);
        if (rule !== null) wanted.set(path, rule);
      }
    }
    for (const path of this.#refused) if (!wanted.has(path)) this.#refused.delete(path);
    this.#marked = new Map();
    groups.keepMarks(wanted);
    for (const [path, rule] of wanted) this.#markGroup(path, rule);
  }

  /** The rule by which a group has to give a mark itself; null if none is about it, though one may be about those above. */
  #groupRuleAt(path: string): ProgramRule | null {
    const own = this.#ownRuleOf(path);
    return own === null ? null : this.#groupRuleFor(path);
  }

  /** The last rule that is about a group or one above it. */
  #groupRuleFor(path: string): ProgramRule | null {
    let last: ProgramRule | null = null;
    for (let each = path; ; each = each.slice(0, each.lastIndexOf('/'))) {
      const rule = this.#ownRuleOf(each);
      if (rule !== null && (last === null || rule.order > last.order)) last = rule;
      if (each === '') return last;
    }
  }

  #ownRuleOf(path: string): ProgramRule | null {
    const rules = this.#rules;
    if (rules === null) return null;
    const byPath = rules.groups.get(path) ?? null;
    if (rules.apps.size === 0) return byPath;
    const app = appOfUnit(path.slice(path.lastIndexOf('/') + 1));
    const byApp = (app === null ? undefined : rules.apps.get(app)) ?? null;
    return byPath === null || (byApp !== null && byApp.order > byPath.order) ? byApp : byPath;
  }
}

/** How the purpose of a group begins that stands for an action alone. A rule's id has no dot. */
const RUN = 'run.';

/** Stands for starts that the kernel had to drop. */
const LOST = -1;

/**
 * How long to rest between two looks at what has started: waking up for each of 2,000 starts a second takes a sixth of a
 * core. The kernel takes as long as the short rest to move a process; beside the gate only a program whose file was
 * replaced is met here, once, and its first sockets were too early anyway.
 */
const REST_MS = { alone: 10, besideGate: 50 };

/** Ended groups cost nothing; this only keeps them from piling up. */
const TIDY_MS = 10_000;

const DEAF = 'programs under a rule are recognised up to ten seconds after their start';
