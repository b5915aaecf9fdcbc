import type {
  Exclusion,
  LanAccess,
  LinkKind,
  LinkPriority,
  LinkState,
  LinkTrouble,
  MeteredChoice,
} from '../model/link.ts';
import type { WifiPowerSave } from '../model/settings.ts';
import type {
  FailureCause,
  Internet,
  Ipv6Access,
  Mode,
  StateName,
  SwitchReason,
  UnreachableReason,
} from '../model/status.ts';

/*
 * The product's voice in English. Neutral, short, the user's words; each state says whether traffic is protected,
 * direct or cannot go anywhere. Sentences are whole here, never built from pieces elsewhere.
 */

/** Every text that a status description needs. */
export const en = {
  linkKind: {
    ethernet: 'Ethernet',
    wifi: 'Wi-Fi',
    usb: 'USB Ethernet',
    cellular: 'Cellular',
    other: 'Link',
  } satisfies Record<LinkKind, string>,

  linkState: {
    carrying: 'carrying',
    standby: 'stands by',
    suspect: 'in doubt',
    lost: 'lost',
    ignored: 'not used',
  } satisfies Record<LinkState, string>,

  onTrial: 'on trial',
  leftOut: {
    'too-slow': 'left out: too slow',
    'too-lossy': 'left out: loses too much',
    'too-late': 'left out: too late',
  } satisfies Record<Exclusion, string>,
  carriesUpTo: (rate: string) => `carries ${rate}`,
  rateUnknown: 'rate unknown',
  losses: (ratio: string) => `${ratio} loss`,
  colon: (subject: string, text: string) => `${subject}: ${text}`,

  linkTrouble: {
    portal: 'its network wants a login; open a web page over it to sign in',
    isolated: 'its network keeps machines apart; use the main Wi-Fi, not the one for guests',
    'box-blocked': 'it finds the box, whose answers do not come; open the UDP port of the box',
    'other-network': 'the box is not in its network; connect it to the home network',
    'power-save': 'its radio saves power and answers late; see bowline wifi power-save',
  } satisfies Record<LinkTrouble, string>,

  wifiPowerSave: {
    allow: 'Radios may save power',
    avoid: 'Radios stay awake while protection is on',
  } satisfies Record<WifiPowerSave, string>,
  portalCheck: (check: string) =>
    check === 'off' ? 'Links are not looked at for logins' : `Links are looked at for logins: ${check}`,
  readyToLeave: 'Ready to leave',
  readyToLeaveDetail: (time: string) => `Everything is sent over all links until ${time}`,

  linkPriority: {
    auto: 'auto',
    prefer: 'preferred',
    backup: 'backup',
    never: 'never',
  } satisfies Record<LinkPriority, string>,

  lan: {
    direct: 'Hosts of the local network are reached directly',
    tunnel: 'Hosts of the local network are reached through the tunnel',
  } satisfies Record<LanAccess, string>,

  metered: {
    auto: 'metered if it is a mobile network',
    yes: 'metered',
    no: 'not metered',
  } satisfies Record<MeteredChoice, string>,

  ipv6: {
    tunnel: 'IPv6 goes through the tunnel, or nowhere',
    direct: 'IPv6 leaves beside the tunnel',
  } satisfies Record<Ipv6Access, string>,

  mode: {
    seamless: 'Seamless: the best link carries, the others stand by',
    bonded: 'Bonded: all links add up',
    redundant: 'Redundant: everything is sent twice',
    saver: 'Saver: a metered link is the last resort',
  } satisfies Record<Mode, string>,

  internet: {
    tunnelled: 'Internet is protected',
    direct: 'Internet is direct',
    none: 'No internet',
  } satisfies Record<Internet, string>,

  switchReason: {
    'carrier-lost': 'cable or signal lost',
    silent: 'link went silent',
    'address-gone': 'address gone',
    'device-gone': 'device removed',
    'better-link': 'better link',
    user: 'on request',
  } satisfies Record<SwitchReason, string>,

  failure: {
    'no-box-configured': 'No box is paired with this laptop',
    'tun-unavailable': 'The tunnel device cannot be opened',
    'routes-refused': 'The system refused the routes',
    'state-unwritable': 'The state folder cannot be written',
    'box-version': 'The box speaks another version',
    'box-refused-key': 'The box does not know this laptop',
    internal: 'The service met an internal error',
  } satisfies Record<FailureCause, string>,

  linkBecame: {
    carrying: (link: string) => `${link} carries`,
    standby: (link: string) => `${link} stands by`,
    suspect: (link: string) => `${link} is in doubt`,
    lost: (link: string) => `${link} is lost`,
    ignored: (link: string) => `${link} is not used`,
  } satisfies Record<LinkState, (link: string) => string>,
  connectionBecame: {
    off: 'Off',
    connecting: 'Looking for the box',
    protected: 'Protected',
    away: 'Away from home',
    'box-unreachable': 'Box not reachable',
    failed: 'Not protected',
  } satisfies Record<StateName, string>,
  andInternet: (what: string, internet: string) => `${what}; ${lowerFirst(internet)}`,
  leftFor: (from: string, to: string, reason: string) => `${from} to ${to}: ${reason}`,
  timelineEmpty: 'Nothing happened in this time',
  timelineTruncated: 'Older entries are left out',

  off: 'Off',
  offDetail: "Internet uses this laptop's own connection",
  offNoInternet: 'No link is up',
  draining: 'Switching off',
  drainingDetail: 'New connections are direct; open ones end in their own time',
  connecting: 'Connecting...',
  connectingDetail: (internet: string) => `Looking for the box on this network; ${lowerFirst(internet)}`,
  protectedOn: (link: string) => `Protected on ${link}`,
  usingLinks: (links: readonly string[]) => `Using ${listOf(links)}`,
  switchedTo: (link: string) => `Switched to ${link}`,
  switchGapNothingLost: (gap: string) => `${gap} gap, nothing dropped`,
  switchGapReplayed: (gap: string, packets: number) =>
    `${gap} gap, ${packets === 1 ? '1 packet' : `${packets} packets`} sent again`,
  standsBy: (links: readonly string[]) => `${listOf(links)} ${links.length === 1 ? 'stands' : 'stand'} by`,
  noStandby: 'No other link stands by',
  rates: (down: string, up: string, rtt: string | null) =>
    rtt === null ? `${down} down, ${up} up` : `${down} down, ${up} up, ${rtt}`,
  degraded: 'Protected, slow',
  losesPackets: (link: string, ratio: string) => `${link} loses ${ratio} of packets`,
  contested: 'Protected, with gaps',
  routesContested: (by: string | null) =>
    `${by ?? 'Another program'} keeps removing the tunnel’s routes; some connections go direct`,
  answersSlowly: (link: string, rtt: string) => `${link} answers after ${rtt}`,
  noLink: 'No link',
  noLinkDetail: 'No cable and no Wi-Fi is connected; no internet',
  away: 'Away from home',
  awayDetail: 'Internet is direct; Bowline resumes at home',
  boxUnreachable: 'Box not reachable',
  directSince: (time: string) => `Internet is direct since ${time}`,
  noInternetSince: (time: string) => `No internet since ${time}`,
  retryingIn: (delay: string) => `retrying in ${delay}`,
  retrying: 'retrying',
  failed: 'Not protected',
  failedDetail: (cause: string, detail: string, internet: string) =>
    `${detail === '' ? cause : `${cause} (${detail})`}; ${lowerFirst(internet)}`,
  permissionNeeded: 'Permission needed',
  permissionDetail: 'This user may not talk to the Bowline service; join the group bowline and sign in again',
  updateNeeded: 'Update needed',
  updateDetail: 'The command and the service have different versions; restart the service',
  serviceStopped: 'Service not running',
  unreachable: {
    stopped: 'The Bowline service does not run; internet is direct',
    'not-installed': 'The Bowline service has no socket here; internet is direct',
  } satisfies Record<Exclude<UnreachableReason, 'no-permission' | 'version'>, string>,
  join: (first: string, second: string) => `${first}; ${second}`,
} as const;

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`;
}
