import type { AppRule, RuleAction, RuleProblem, RuleSubject } from '../../src-shared/model/app-rule.ts';

/** One rule about programs, as it stands among the others. */
export interface ProgramRule {
  readonly id: string;
  readonly action: RuleAction;
  /** A later rule has a higher one. */
  readonly order: number;
}

/** Rules by what they are recognised by, so that a new process costs one or two questions however many rules there are. */
export interface CompiledRules {
  /** By the path of the executable, without links. */
  readonly executables: ReadonlyMap<string, ProgramRule>;
  /** By the path of the script, and the interpreters that run such scripts. */
  readonly scripts: ReadonlyMap<string, ProgramRule>;
  readonly interpreters: ReadonlySet<string>;
  /** By desktop entry id. */
  readonly apps: ReadonlyMap<string, ProgramRule>;
  /** By path of the control group. */
  readonly groups: ReadonlyMap<string, ProgramRule>;
  readonly users: ReadonlyMap<string, ProgramRule>;
  /** Apps that are not installed, by rule. */
  readonly problems: ReadonlyMap<string, RuleProblem>;
}

/** What compiling asks of the machine. */
export interface ProgramLookup {
  /** The command line of an installed app; null if there is none of this id. */
  commandOf(appId: string): readonly string[] | null;
  realPath(path: string): string;
  findProgram(name: string): string | null;
  interpreterOf(path: string): string | null;
}

/** Sorts rules by what they are recognised by. */
export function compileRules(rules: readonly AppRule[], lookup: ProgramLookup): CompiledRules {
  const executables = new Map<string, ProgramRule>();
  const scripts = new Map<string, ProgramRule>();
  const interpreters = new Set<string>();
  const apps = new Map<string, ProgramRule>();
  const groups = new Map<string, ProgramRule>();
  const users = new Map<string, ProgramRule>();
  const problems = new Map<string, RuleProblem>();

  const addProgram = (path: string, rule: ProgramRule, givenInterpreter?: string): void => {
    const interpreter = givenInterpreter ?? lookup.interpreterOf(path);
    const map = interpreter === null ? executables : scripts;
    map.set(path, rule).set(lookup.realPath(path), rule);
    if (interpreter !== null) interpreters.add(interpreter);
  };

  for (const [order, { id, subject, action }] of rules.entries()) {
    const rule = { id, action, order };
    switch (subject.kind) {
      case 'exec':
        addProgram(subject.path, rule);
        break;
      case 'app': {
        apps.set(subject.id, rule);
        const command = lookup.commandOf(subject.id);
        if (command === null) problems.set(id, 'app-not-installed');
        const program = programOf(command ?? [], lookup);
        if (program !== null) addProgram(program.path, rule, program.interpreter);
        break;
      }
      case 'cgroup':
        groups.set(withoutSlashes(subject.path), rule);
        break;
      case 'user':
        users.set(subject.name, rule);
        break;
      case 'domain':
      case 'network':
        break;
    }
  }
  return { executables, scripts, interpreters, apps, groups, users, problems };
}

/** Whether rules about single programs are among these. */
export function hasPrograms({ executables, scripts, apps, groups }: CompiledRules): boolean {
  return executables.size + scripts.size + apps.size + groups.size > 0;
}

/** Two subjects are the same if their fields are. */
export function isSameSubject(one: RuleSubject, other: RuleSubject): boolean {
  return keyOf(one) === keyOf(other);
}

/** Whether a rule is about programs, rather than users and destinations. */
export function isAboutPrograms({ kind }: RuleSubject): boolean {
  return kind === 'app' || kind === 'exec' || kind === 'cgroup';
}

/** Programs that start others: an app that they start is not known by them. */
const STARTERS = new Set(['flatpak', 'snap', 'gtk-launch', 'dbus-launch', 'dbus-run-session', 'xdg-open']);

/** Programs that run what their first argument names. */
const INTERPRETERS =
  /^(python[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|gjs(-console)?|java|sh|bash|dash|electron\d*)$/;

/** A program as its processes show it. */
export interface FoundProgram {
  readonly path: string;
  /** Set where the command line itself names the one that runs it. */
  readonly interpreter?: string;
}

/** The program of an app's command line by which its processes are known; null if there is none. */
export function programOf(
  command: readonly string[],
  lookup: Omit<ProgramLookup, 'commandOf'>,
): FoundProgram | null {
  const [first, ...rest] =
    command[0] === 'env' || command[0] === '/usr/bin/env' ? afterEnv(command) : command;
  if (first === undefined) return null;
  const name = first.slice(first.lastIndexOf('/') + 1);
  if (STARTERS.has(name)) return null;
  const path = lookup.findProgram(first);
  if (path === null) return null;
  if (!INTERPRETERS.test(name)) return { path };
  // An interpreter itself belongs to many apps.
  const script = rest.find((word) => !word.startsWith('-'));
  return script?.startsWith('/') === true ? { path: script, interpreter: lookup.realPath(path) } : null;
}

function afterEnv(command: readonly string[]): readonly string[] {
  const start = command.findIndex((word, index) => index > 0 && !word.startsWith('-') && !word.includes('='));
  return start < 0 ? [] : command.slice(start);
}

function withoutSlashes(path: string): string {
  return path.replace(/\/+/g, '/').replace(/\/$/, '');
}

function keyOf(subject: RuleSubject): string {
  return JSON.stringify(Object.entries(subject).sort(([a], [b]) => (a < b ? -1 : 1)));
}
