import type { InstalledApp, RuleAction, RuleProblem, RuleSubject } from '../model/app-rule.ts';
import type { RulesFileFault } from '../model/rules-file.ts';

/** Texts of the view of apps in English. */
export const windowAppsEn = {
  intro: 'Apps use the tunnel as the mode says. An app with a rule goes its own way.',
  tooOld: 'The service knows no rules for apps; update and restart it',
  failed: (cause: string) => `The rules cannot be read: ${cause}`,

  // Apps
  search: 'Search apps',
  filter: 'Apps shown',
  filters: { all: 'All', ruled: 'With a rule' },
  found: 'Found',
  running: 'Running',
  notRunning: 'Not running',
  withRule: 'With a rule',
  count: (count: number, written: string) => (count === 1 ? '1 app' : `${written} apps`),
  idle: 'idle',
  down: 'Down',
  up: 'Up',
  noneRunning: 'None of the installed apps runs now.',
  noneFound: (query: string) => `No installed app goes by ${query}`,
  noneFoundHint: 'For a program that is not in the menu of apps, add a rule with its path.',
  noneRuled: 'No app has a rule yet',
  noneRuledHint: 'Choose a way for an app, and it stands here.',
  noneInstalled: 'No installed apps',
  noneInstalledHint:
    'There is no menu of apps on this laptop. Rules for programs, users, domains and networks can be added all the same.',
  origin: { system: '', user: '', flatpak: 'Flatpak', snap: 'Snap' } satisfies Record<
    InstalledApp['origin'],
    string
  >,

  // Ways
  way: 'Way',
  wayOf: (subject: string) => `Way of ${subject}`,
  automatic: 'Automatic',
  automaticHint: 'No rule: through the tunnel, as the mode says',
  wayName: {
    bonded: 'All links at once',
    redundant: 'Every packet twice',
    direct: 'Beside the tunnel',
    'block-without-tunnel': 'Only through the tunnel',
  } satisfies Record<Exclude<RuleAction, `only:${string}`>, string>,
  wayHint: {
    bonded: 'Through the tunnel, all links added up. For large transfers',
    redundant: 'Through the tunnel, a copy over each link. For calls and games; uses more data',
    direct: "On this laptop's own connection. A lost link ends what goes over it",
    'block-without-tunnel': 'Waits while there is no tunnel; nothing gets past it',
  } satisfies Record<Exclude<RuleAction, `only:${string}`>, string>,
  only: (link: string) => `Only over ${link}`,
  onlyHint: (link: string) => `Beside the tunnel over ${link} alone; waits while that is away`,

  // Rules
  problem: {
    unsupported: 'Without effect: this system lacks what it takes',
    'app-not-installed': 'Without effect: the app is not installed any more',
    'no-such-user': 'Without effect: this laptop has no such user',
    'no-such-cgroup': 'Without effect: there is no such control group now',
    'link-away': 'Waits: the link is away',
    'no-tunnel': 'Without effect for now: there is no tunnel',
    'no-answer-yet':
      'No app has been seen to look this name up yet; one that does so encrypted goes unnoticed',
  } satisfies Record<RuleProblem, string>,
  restart: (count: number, written: string) =>
    count === 1
      ? 'Restart to apply: 1 process keeps its old way'
      : `Restart to apply: ${written} processes keep their old way`,
  restartWholly: 'Quit it wholly: a new window belongs to the app that runs already',
  rules: 'More rules',
  rulesHint: 'For programs, users, domains and networks.',
  noRules: 'None yet.',
  subject: {
    app: 'App',
    exec: 'Program',
    cgroup: 'Control group',
    user: 'User',
    domain: 'Domain',
    network: 'Network',
  } satisfies Record<RuleSubject['kind'], string>,
  networkWith: (network: string, protocol: string, port: string) =>
    [network, protocol, port === '' ? '' : `port ${port}`].filter((part) => part !== '').join(', '),
  remove: 'Remove',
  removeRuleOf: (subject: string) => `Remove the rule of ${subject}`,
  unsupported: 'this system lacks what rules for programs take; Diagnostics says what and what helps',
  tooManyRules: 'there are as many rules as the service keeps; remove some first',

  // Missing
  missing: 'Rules do less here than they could',
  missingHint: 'Diagnostics has the details.',
  // By the names that services of any version may give.
  facility: {
    cgroup2:
      'Control groups of version 2 are not mounted, so no program can be told from another. Boot with the kernel option systemd.unified_cgroup_hierarchy=1',
    'cgroup-bpf':
      'The kernel cannot sort packets by program. Use a kernel with CONFIG_CGROUP_BPF, as those of distributions have it',
    'proc-connector':
      'The kernel does not tell of programs as they start, so their first packets may go the usual way. Use a kernel with CONFIG_PROC_EVENTS, as those of distributions have it',
    fanotify:
      'Programs cannot be held while they start, so what one sends in its first moments may go the usual way. Start the service by its unit file',
  },

  // Adding
  add: 'Add rule',
  addTitle: 'Add a rule',
  about: 'What it is about',
  field: {
    exec: 'Path of the program',
    user: 'Name of the user',
    domain: 'Domain',
    network: 'Network or address',
  },
  fieldHint: {
    exec: 'From the root on, such as /usr/bin/rsync. A script counts by its own path.',
    user: 'Such as backup. It is about all programs of this user.',
    domain:
      'Such as example.com, with all below it. The first connection to a new name may still go the old way; apps that look names up encrypted go unnoticed.',
    network: 'Such as 192.168.5.0/24, 2001:db8::/32 or a single address.',
  },
  fieldWrong: {
    exec: 'This is not a path from the root on: it has to begin with /.',
    user: 'No user can have this name: letters, digits, dots and dashes, 32 at most.',
    domain: 'This is not a domain. For an address, choose Network.',
    network: 'This is not a network: an address, and after a slash how many bits of it count.',
  },
  protocol: 'Protocol',
  protocols: { any: 'Any', tcp: 'TCP', udp: 'UDP' },
  port: 'Port',
  portHint: 'Empty: all ports.',
  portWrong: 'A port is a number from 1 to 65535.',

  // Files
  export: 'Export',
  import: 'Import ...',
  importTitle: 'Replace all rules',
  importText: (present: number, next: number) =>
    `${present === 1 ? 'The rule' : `The ${present} rules`} of this laptop, those of apps included, ${present === 1 ? 'gives' : 'give'} way to ${next === 1 ? 'the one' : `the ${next}`} of the file.`,
  importConfirm: 'Replace',
  imported: (count: number) => (count === 1 ? '1 rule was imported' : `${count} rules were imported`),
  importFault: {
    'not-json': (file: string) =>
      `${file} is not JSON. Nothing was changed; choose a file that Export wrote.`,
    'not-rules': (file: string) =>
      `${file} holds no rules. Nothing was changed; choose a file that Export wrote.`,
    'other-version': (file: string) =>
      `${file} comes from another version of Bowline. Nothing was changed; update this one.`,
    'too-many': (file: string) => `${file} holds more rules than the service keeps. Nothing was changed.`,
    rule: (file: string, rule: string) =>
      `Rule ${rule} in ${file} says something unknown. Nothing was changed; correct or delete it there.`,
  } satisfies Record<RulesFileFault['kind'], (file: string, rule: string) => string>,

  // Use
  usage: 'Who uses which link',
  usageTunnel: 'Through the tunnel',
  usageBeside: (link: string) => `${link}, beside the tunnel`,
  usageNothing: 'No connections at the moment.',
  usageFailed: (cause: string) => `This cannot be measured: ${cause}`,
  usageApp: 'Program',
  connections: (count: number, written: string) => (count === 1 ? '1 connection' : `${written} connections`),
  usageMore: (count: number) => `${count} more`,
} as const;
