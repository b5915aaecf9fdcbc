import type { DaemonContract, Handlers, MethodName } from '../../src-shared/control/contract.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import type {
  AppUsage,
  InstalledApp,
  RuleAction,
  RuleFacility,
  RuleStatus,
  RuleSubject,
} from '../../src-shared/model/app-rule.ts';
import { err, ok, type Ok } from '../../src-shared/util/result.ts';

type RuleMethod = Extract<MethodName<DaemonContract>, `rules.${string}` | `apps.${string}`>;

/** The part of a daemon that knows apps and rules, in memory. */
export class FakeApps {
  apps: readonly InstalledApp[] = [];
  rules: readonly RuleStatus[] = [];
  missing: readonly RuleFacility[] = [];
  usage: readonly AppUsage[] = [];
  /** What every change is refused with; null if none is. */
  refusal: ControlError | null = null;
  #nextId = 100;

  /** @param note told of each change, and of each picture that is asked for. */
  handlers(note: (method: string, params: unknown) => void): Pick<Handlers<DaemonContract>, RuleMethod> {
    const changed = (method: string, params: unknown, change: () => void): Ok<Record<string, never>> => {
      note(method, params);
      change();
      return ok({});
    };
    const refused = <Value>(value: () => Value): Value | ReturnType<typeof err<ControlError>> =>
      this.refusal === null ? value() : err(this.refusal);
    return {
      'rules.list': () => ok({ rules: [...this.rules], missing: [...this.missing] }),
      'rules.add': (params) =>
        refused(() => {
          note('rules.add', params);
          return ok(this.#add(params.subject, params.action));
        }),
      'rules.remove': (params) => {
        if (!this.rules.some(({ id }) => id === params.id))
          return err(controlError('NO_SUCH_RULE', params.id));
        return refused(() =>
          changed('rules.remove', params, () => {
            this.rules = this.rules.filter(({ id }) => id !== params.id);
          }),
        );
      },
      'rules.replace': (params) =>
        refused(() =>
          changed('rules.replace', params, () => {
            this.rules = [];
            for (const { subject, action } of params.rules) this.#add(subject, action);
          }),
        ),
      'rules.enter': (params) => changed('rules.enter', params, () => undefined),
      'apps.list': () => ok({ apps: [...this.apps] }),
      'apps.icon': (params) => {
        note('apps.icon', params);
        const place = this.apps.findIndex(({ id }) => id === params.id);
        return ok({ icon: place === -1 ? null : sampleIcon(place) });
      },
      'apps.usage': () => ok({ usage: [...this.usage] }),
    };
  }

  #add(subject: RuleSubject, action: RuleAction): RuleStatus {
    const key = JSON.stringify(subject);
    const before = this.rules.find((rule) => JSON.stringify(rule.subject) === key);
    const rule = ruleStatus(subject, action, { id: before?.id ?? `r${this.#nextId++}` });
    this.rules =
      before === undefined ? [...this.rules, rule] : this.rules.map((one) => (one === before ? rule : one));
    return rule;
  }
}

/** Builds an installed app that does not run. */
export function installedApp(name: string, overrides: Partial<InstalledApp> = {}): InstalledApp {
  return {
    id: `org.example.${name.replaceAll(' ', '')}`,
    name,
    keywords: [],
    origin: 'system',
    hasIcon: false,
    isSingleInstance: false,
    processes: 0,
    ...overrides,
  };
}

/** Builds a rule that does what it says. */
export function ruleStatus(
  subject: RuleSubject,
  action: RuleAction,
  overrides: Partial<RuleStatus> = {},
): RuleStatus {
  return { id: 'r1', subject, action, problem: null, processes: 0, toRestart: 0, ...overrides };
}

/** Builds what a program does over the tunnel. */
export function appUsage(name: string, overrides: Partial<AppUsage> = {}): AppUsage {
  return {
    app: null,
    name,
    way: 'tunnel',
    connections: 1,
    txBitsPerSecond: 0,
    rxBitsPerSecond: 0,
    ...overrides,
  };
}

const NAMES = [
  'Web Browser',
  'Video Calls',
  'Mail',
  'Music',
  'Backups',
  'Game Library',
  'Calendar',
  'Camera',
  'Contacts',
  'Disk Usage',
  'Document Viewer',
  'Files',
  'Image Editor',
  'Maps',
  'Photos',
  'Screen Recorder',
  'Software',
  'Terminal',
  'Text Editor',
  'Virtual Machines',
] as const;

const RUNNING = 6;

/** A laptop's apps: six run, the first from a Flatpak, the second hands over to an instance that runs. */
export function sampleApps(count: number = NAMES.length): InstalledApp[] {
  return Array.from({ length: count }, (_, index) => {
    const turn = Math.floor(index / NAMES.length);
    const name = NAMES[index % NAMES.length] ?? '';
    return installedApp(turn === 0 ? name : `${name} ${turn + 1}`, {
      hasIcon: index % 7 !== 4,
      origin: index % 9 === 0 ? 'flatpak' : index % 11 === 5 ? 'snap' : 'system',
      keywords: name === 'Web Browser' ? ['internet', 'Öffnen'] : [],
      isSingleInstance: index === 1,
      processes: index < RUNNING ? index + 1 : 0,
    });
  });
}

/** A plain picture, of another colour for each place. */
function sampleIcon(place: number): string {
  const hue = (place * 47 + 190) % 360;
  const mark = [
    '<circle cx="16" cy="16" r="6"/>',
    '<path d="M10 10h12v12H10z"/>',
    '<path d="M16 9l7 13H9z"/>',
  ];
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    `<rect x="2" y="2" width="28" height="28" rx="7" fill="hsl(${hue} 52% 46%)"/>` +
    `<g fill="hsl(${hue} 80% 92%)">${mark[place % mark.length]}</g></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
