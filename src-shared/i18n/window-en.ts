import type { CableCondition } from '../bridge/home-cables.ts';
import type { SignalStrength } from '../bridge/link-medium.ts';
import type { LanAccess, LinkPriority, LinkState, LinkTrouble, MeteredChoice } from '../model/link.ts';
import type { FailureCause, Ipv6Access, Mode, SwitchReason } from '../model/status.ts';
import { windowAppsEn } from './window-apps-en.ts';

/*
 * The window's texts in English. Verbs on buttons, sentence form elsewhere, the cause first. Names of links, boxes and
 * commands come in as arguments; nothing is put together from pieces outside.
 */

/** Every text of the window that no status description has. */
export const windowEn = {
  productName: 'Bowline',
  protection: 'Protection',
  opening: 'Asking the service',

  view: {
    overview: 'Overview',
    timeline: 'Timeline',
    graphs: 'Graphs',
    apps: 'Apps',
    settings: 'Settings',
    diagnostics: 'Diagnostics',
    demo: 'Demo',
  },
  viewsLabel: 'Views',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back',
  copy: 'Copy',
  copied: 'Copied',

  notConfirmed: 'The service did not confirm this within 3 seconds; shown is what it says',
  callFailed: (cause: string) => `That did not work: ${cause}`,
  serviceTooOld: 'The service is older than the window and cannot do this; update and restart it',

  // Links
  links: 'Links',
  noLinks: 'No links',
  noLinksHint: 'No cable and no Wi-Fi is connected. A link appears here as soon as it is.',
  linkState: {
    carrying: 'Carrying',
    standby: 'Stands by',
    suspect: 'In doubt',
    lost: 'Lost',
    ignored: 'Not used',
  } satisfies Record<LinkState, string>,
  linkTrouble: {
    portal: 'Its network wants a login. Open a web page over it to sign in.',
    isolated: 'Its network keeps machines apart. Use the main Wi-Fi, not the one for guests.',
    'box-blocked':
      'It finds the box, whose answers do not come. Open the UDP port of the box in its firewall.',
    'other-network': 'The box is not in its network. Connect it to the home network.',
    'power-save':
      'Its radio saves power and answers late. The command "bowline wifi power-save avoid" ends that.',
  } satisfies Record<LinkTrouble, string>,
  signal: 'Signal',
  signalStrength: { strong: 'strong', good: 'good', weak: 'weak', poor: 'very weak' } satisfies Record<
    SignalStrength,
    string
  >,
  signalDbm: (dbm: string) => `${dbm} dBm`,
  speed: 'Link speed',
  network: 'Network',
  details: 'Details',
  use: 'Use',
  carries: 'Carries',
  upTo: (rate: string) => `${rate} at most, as measured so far`,
  rateNotLearned: 'not known yet: too little was sent over it',
  nothingLearned: 'nothing is known while it does not answer',
  answers: 'Answers',
  answersAfter: (delay: string) => `after ${delay}, on average`,
  queue: 'Queue',
  queueOf: (wait: string, least: string) => `${wait} of waiting on top of ${least}, the shortest way seen`,
  underWay: 'Under way',
  outOf: (present: string, most: string) => `${present} of ${most} that it can take`,
  largestPacket: 'Largest packet',
  delay: 'Delay',
  loss: 'Loss',
  down: 'Down',
  up: 'Up',
  unknown: 'unknown',
  priority: 'Priority',
  priorityOf: (link: string) => `Priority of ${link}`,
  priorityName: {
    auto: 'Automatic',
    prefer: 'Primary',
    backup: 'Backup',
    never: 'Never',
  } satisfies Record<LinkPriority, string>,
  priorityHint: {
    auto: 'Used when it is the best',
    prefer: 'Carries whenever it works',
    backup: 'Carries when no other link can',
    never: 'Carries nothing',
  } satisfies Record<LinkPriority, string>,
  lastMinute: (link: string, peak: string) => `${link}: at most ${peak} in the last minute`,
  notUsedLinks: (count: number) => (count === 1 ? '1 link not used' : `${count} links not used`),
  ropeSummary: (carrying: string, standby: string) =>
    `${carrying === '' ? 'Nothing reaches the box' : `${carrying} to the box`}${standby === '' ? '' : `; ready: ${standby}`}`,
  laptop: 'This laptop',
  noBox: 'No box',

  // Overview
  leave: 'I am leaving my desk',
  leaveHint: 'For 30 seconds everything is sent over all links: pull the cable and go.',
  leaving: (time: string) => `Ready until ${time}. Pull the cable and go.`,
  failureHint: {
    'no-box-configured': 'Pair this laptop with a box.',
    'tun-unavailable': 'The checks say what keeps the tunnel device from being opened, and what helps.',
    'routes-refused': 'The checks say who else sets rules and routes here, and what helps.',
    'state-unwritable': 'The checks name the folder. Its disk may be full.',
    'box-version': 'Update the older of laptop and box.',
    'box-refused-key': 'Unpair, and pair again with a new code of the box.',
    internal: 'Restart the service. If that does not help, hand in the report.',
  } satisfies Record<FailureCause, string>,
  recently: 'What happened',
  showAll: 'Show all',
  nothingHappened: 'Nothing yet. Switches and lost links appear here.',
  hidden: 'Hidden from programs',
  interruptions: (count: number) => (count === 1 ? 'interruption' : 'interruptions'),
  sinceStart: 'since the service started',
  packetsLost: 'Packets lost',
  packetsReplayed: 'Sent again',
  boxName: 'Box',
  address: 'Address',
  fingerprint: 'Fingerprint',
  versions: 'Versions',
  versionPair: (daemon: string, box: string) => `service ${daemon}, box ${box}`,
  versionDaemon: (daemon: string) => `service ${daemon}`,

  // Timeline
  range: 'Time shown',
  ranges: { 'half-hour': '30 minutes', day: '24 hours', week: '7 days' },
  bandsSummary: (switches: string) => `Bands of the links over time, with ${switches}`,
  switchCount: (count: number) =>
    count === 0 ? 'no switches' : count === 1 ? '1 switch' : `${count} switches`,
  now: 'now',
  events: 'Events',
  earlier: 'Show earlier events',
  timelineUnavailable: 'The service keeps no timeline; update it',
  timelineFailed: (cause: string) => `The timeline cannot be read: ${cause}`,
  truncated: 'There is more than can be shown; the oldest events are left out',
  switched: {
    'carrier-lost': (from: string, to: string) => `${from} lost its cable or signal; ${to} took over`,
    silent: (from: string, to: string) => `${from} fell silent; ${to} took over`,
    'address-gone': (from: string, to: string) => `${from} lost its address; ${to} took over`,
    'device-gone': (from: string, to: string) => `${from} was removed; ${to} took over`,
    'better-link': (from: string, to: string) => `${to} is better than ${from} and took over`,
    user: (from: string, to: string) => `${to} took over from ${from}, on request`,
  } satisfies Record<SwitchReason, (from: string, to: string) => string>,
  switchCost: (gap: string, packets: number) =>
    packets === 0
      ? `${gap} gap, nothing sent again`
      : `${gap} gap, ${packets === 1 ? '1 packet' : `${packets} packets`} sent again`,
  linkBecame: {
    carrying: (link: string) => `${link} carries`,
    standby: (link: string) => `${link} stands by`,
    suspect: (link: string) => `${link} is in doubt`,
    lost: (link: string) => `${link} was lost`,
    ignored: (link: string) => `${link} is not used`,
  } satisfies Record<LinkState, (link: string) => string>,
  connectionBecame: {
    off: 'Switched off',
    connecting: 'Looking for the box',
    protected: 'Protected',
    away: 'Away from home',
    'box-unreachable': 'Box not reachable',
    failed: 'Not protected',
  },
  connectionWithInternet: (connection: string, internet: string) =>
    `${connection}; ${internet.charAt(0).toLowerCase()}${internet.slice(1)}`,

  // Graphs
  rate: 'Rate',
  direction: 'Direction',
  graphSummary: (title: string, values: string) => `${title}, the last 5 minutes. Latest: ${values}`,
  noData: 'nothing measured',

  apps: windowAppsEn,

  // Settings
  mode: 'Mode',
  modeName: {
    seamless: 'Seamless',
    bonded: 'Bonded',
    redundant: 'Redundant',
    saver: 'Saver',
  } satisfies Record<Mode, string>,
  modeHint: {
    seamless: 'The best link carries, the others stand by. Right for almost everything.',
    bonded: 'All links add up. Faster transfers; a little more battery.',
    redundant: 'Everything goes over two links. For calls and games; twice the data.',
    saver: 'A metered link carries only when it is the last one.',
  } satisfies Record<Mode, string>,
  metered: 'Data',
  meteredOf: (link: string) => `Data over ${link}`,
  meteredName: {
    auto: 'Automatic',
    yes: 'Costs money',
    no: 'Free',
  } satisfies Record<MeteredChoice, string>,
  meteredHint: {
    auto: 'Mobile networks cost money, others do not',
    yes: 'Mode Saver spares this link',
    no: 'No mode spares this link',
  } satisfies Record<MeteredChoice, string>,
  reach: 'Local network and IPv6',
  reachHint: 'For connections that start from now on.',
  lan: 'Hosts of the local network',
  lanHint: {
    direct: 'Printers, disks and other computers are reached over the link itself. A lost link ends it.',
    tunnel: 'They are reached by way of the box, so that a pulled cable ends nothing.',
  } satisfies Record<LanAccess, string>,
  ipv6: 'IPv6',
  ipv6Hint: {
    tunnel: 'IPv6 goes into the tunnel, and is refused where the box has none, so that programs take IPv4.',
    direct: 'IPv6 leaves as it would without Bowline. A lost link ends what goes over it.',
  } satisfies Record<Ipv6Access, string>,
  access: { direct: 'Direct', tunnel: 'Through the tunnel' } satisfies Record<LanAccess, string>,
  window: 'Window',
  language: 'Language',
  languages: { system: 'As the system', en: 'English', de: 'Deutsch' },
  startAtLogin: 'Start at login',
  startAtLoginHint: 'Opens in the tray, without a window',
  pairing: 'Pairing',
  pairedWith: (name: string) => `Paired with ${name}`,
  notPaired: 'No box is paired with this laptop',
  unpair: 'Unpair ...',
  unpairTitle: (name: string) => `Unpair from ${name}`,
  unpairText: 'Protection ends and internet goes direct. To use the box again, it has to show a new code.',
  unpairConfirm: 'Unpair',
  unpairNeedsRoot: 'it decides whom this laptop trusts, so it takes root. In a terminal: sudo bowline unpair',
  pairNow: 'Pair with a box',

  // Diagnostics
  checks: 'Checks',
  runChecks: 'Run the checks',
  runningChecks: 'Checking',
  checksHint: 'Looks at what usually goes wrong, and says what helps.',
  verdict: { ok: 'Fine', warning: 'Worth a look', failed: 'Failed', skipped: 'Skipped' },
  fixed: 'Fixed',
  applyFixes: 'Fix what can be fixed',
  unplugTest: 'Unplug test',
  unplugHint: 'Takes the carrying link away for a moment and measures what that does. Nothing should notice.',
  unplugKinds: { carrier: 'Cable out', silent: 'Link goes silent' },
  unplugKind: 'What happens',
  startTest: 'Start the test',
  testing: 'Testing',
  testResult: (link: string, to: string) => `${link} was taken away, ${to} took over`,
  testGap: 'Gap',
  report: 'Report',
  reportHint:
    'Everything that helps to find a fault, as text. It holds names and addresses of this network, no keys.',
  copyReport: 'Copy the report',
  showReport: 'Show the report',

  // Service problems
  problem: {
    stopped: 'The service that keeps connections alive does not run on this laptop.',
    'not-installed':
      'The service that keeps connections alive is not there yet. It comes with the package, or is started by hand.',
    'no-permission':
      'Only members of the group bowline may talk to the service. After joining, sign out and in again.',
    version: 'The window and the service come from different versions.',
  },
  problemVersions: (window: string, service: string) => `Window ${window}, service ${service}`,
  problemAction: {
    stopped: 'Start the service',
    'not-installed': 'Install the service',
    'no-permission': 'Allow this user',
    version: 'Restart the service',
  },
  problemCommand: 'In a terminal:',
  problemWaiting: 'This window goes on by itself as soon as the service answers.',
  workingOnIt: 'Working on it',

  disconnected: {
    ended: 'The program behind this page has ended',
    refused: 'This address cannot be used any more',
  },
  disconnectedHint: {
    ended: 'Run bowline ui again and open the address that it prints.',
    refused: 'Each address opens one window. Open the one that bowline ui printed last.',
  },

  // The window's own faults
  fault: 'The window met an error',
  faultHint:
    'Protection goes on without it. Open the window again; if that does not help, hand in the report.',
  faultReload: 'Open it again',

  // Demo
  demoHome: 'Virtual home',
  demoHint:
    'This laptop, its links and the box are made of software on this machine, and their packets are real. Drag a plug ' +
    'out of the laptop and back, or choose below.',
  demoCondition: (link: string) => `What happens to ${link}`,
  demoConditions: { up: 'Connected', 'carrier-lost': 'Pulled out', silent: 'Silent' } satisfies Record<
    CableCondition,
    string
  >,
  demoPull: (link: string) => `Pull ${link} out`,
  demoPlug: (link: string) => `Put ${link} back`,
  demoConditionHint: {
    up: 'The cable is in, or the radio in reach.',
    'carrier-lost': 'The laptop sees at once that the link is gone.',
    silent: 'The link looks connected, but nothing passes: a dead switch, a wedged access point.',
  } satisfies Record<CableCondition, string>,
  demoNoticed: 'What programs noticed',
  demoNoticedHint: 'A download and an upload run all the time. No connection of theirs may close.',
  demoNothingYet: 'Nothing has happened yet. Pull a plug out.',
  demoGap: (from: string, to: string) => `gap from ${from} to ${to}`,
  demoCost: (packets: number, written: string) =>
    packets === 0
      ? 'Nothing had to be sent again'
      : `${packets === 1 ? '1 packet was' : `${written} packets were`} sent again`,

  // Onboarding
  setup: 'Set up',
  stepOf: (step: number, steps: number) => `Step ${step} of ${steps}`,
  steps: {
    service: 'Service',
    permission: 'Permission',
    find: 'Find the box',
    code: 'Enter the code',
    try: 'Try it',
  },
  stepDone: 'done',
  searching: 'Looking for boxes on this network',
  searchAgain: 'Look again',
  noBoxFound: 'No box answers on this network',
  noBoxFoundHint: 'The box has to run on the same network as this laptop: switch it on, or start it with',
  useAddress: 'Enter an address instead',
  addressLabel: 'Address of the box',
  addressHint: 'A name or an address, such as 192.168.1.10 or attic.local:4747',
  continue: 'Continue',
  codeLabel: 'Code',
  codeHint: (name: string) =>
    `${name} shows a code of 8 digits, good for 5 minutes. For a new one, run there`,
  pair: 'Pair',
  pairingBusy: 'Pairing',
  pairingProblem: {
    WRONG_CODE: 'The code is not the one that the box shows. Look again and enter it once more.',
    NO_CODE: 'The box shows no code. Ask it for one.',
    CODE_EXPIRED: 'The code has expired. Ask the box for a new one.',
    CODE_USED: 'The code has been used already. Ask the box for a new one.',
    CODE_BURNT: 'Too many wrong codes: this one is void. Ask the box for a new one.',
    BOX_NOT_REACHABLE:
      'The box does not answer. Check that it is on this network and shows a code: only then it answers.',
    NO_BOX_FOUND: 'No box answers on this network. Go back and enter its address.',
    SEVERAL_BOXES: 'Several boxes show a code. Go back and choose one.',
    WRONG_BOX: 'Another box answered than the chosen one. Go back and look again.',
    BOX_IMPOSTOR: 'What answered does not know the code, so it is not the box. Ask the box for a new one.',
    BOX_VERSION: 'The box speaks another version. Update the older of the two.',
    BOX_GONE: 'The box went away in the middle. Ask it for a new code once it is back.',
    BOX_STATE_UNWRITABLE: 'The box could not store the pairing. Its disk may be full.',
    STATE_UNWRITABLE: 'This laptop could not store the pairing. Its disk may be full.',
    PAIRING_BUSY: 'Another pairing is under way. Try again in a few seconds.',
  },
  tryTitle: 'Unplug the cable now',
  tryHint:
    'Start a call or a download if there is one at hand, then pull the network cable. Nothing should notice.',
  tryNoSecond:
    'Only one link reaches the box so far. Connect Ethernet and Wi-Fi both, and pull the cable then.',
  tryWaiting: 'Waiting for the cable',
  tryConnecting: 'Connecting to the box first',
  tryDoneText: (to: string) => `${to} took over, and every connection lived on.`,
  tryWithoutHands: 'Test without touching it',
  finish: 'Finish',
  skip: 'Skip',
} as const;
