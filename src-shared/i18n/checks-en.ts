/** What a check of the doctor is about, and what goes wrong when it finds something, in one sentence. */
interface CheckTexts {
  readonly title: string;
  readonly explanation: string;
}

/** Texts of the checks in English, by the name of the check. All checks of single links share one. */
export const checksEn = {
  'box-configured': {
    title: 'Pairing with a box',
    explanation: 'Without a box there is nothing at the other end of the tunnel.',
  },
  'box-reachable': {
    title: 'Way to the box',
    explanation: 'While the box does not answer, traffic goes direct and a lost link ends connections.',
  },
  'box-version': {
    title: 'Versions of laptop and box',
    explanation: 'Laptop and box of different versions work together but miss what only one of them knows.',
  },
  'second-link': {
    title: 'Second link',
    explanation: 'With one link there is nothing to switch to when it fails.',
  },
  link: {
    title: 'Link',
    explanation: 'A link that loses much or answers late makes everything that it carries slow.',
  },
  'reverse-path-filter': {
    title: 'Filter of the way back',
    explanation: 'Strict reverse path filtering drops what arrives on a link that is not the best way back.',
  },
  arp: {
    title: 'Answers for addresses (ARP)',
    explanation:
      'By default Linux answers for any of its addresses on any link, so pulling one cable breaks the other address.',
  },
  'dead-routes': {
    title: 'Routes of pulled cables',
    explanation: 'Traffic beside the tunnel goes into a pulled cable as long as its route is there.',
  },
  'path-mtu': {
    title: 'Size of datagrams',
    explanation:
      'Where only small datagrams arrive, transfers cost more, but nothing is lost: the tunnel probes.',
  },
  'ipv6-leak': {
    title: 'IPv6 beside the tunnel',
    explanation: 'IPv6 beside the tunnel shows another address to the internet and breaks when a link does.',
  },
  names: {
    title: 'Name servers',
    explanation:
      'Names that are asked for beside the tunnel are not found while the link is lost that they go over.',
  },
  portal: {
    title: 'Login pages of networks',
    explanation:
      'A network that wants a login lets nothing through before, whatever the strength of its signal.',
  },
  isolation: {
    title: 'Networks that keep machines apart',
    explanation: 'Networks for guests keep machines apart, so that a link is up and never finds the box.',
  },
  'power-save': {
    title: 'Power saving of radios',
    explanation: 'A radio that dozes between packets answers up to 100 ms late when it has to take over.',
  },
  'other-rules': {
    title: 'Routing rules of other programs',
    explanation:
      'A routing rule of another program that comes before ours takes traffic away from the tunnel.',
  },
  'other-tunnels': {
    title: 'Other tunnels',
    explanation: 'Of two tunnels that both want all traffic only one gets it.',
  },
  clock: {
    title: 'Clock',
    explanation: 'With a wrong date web pages are refused; the tunnel itself does not use the date.',
  },
  'tun-device': {
    title: 'Tunnel device',
    explanation: 'The tunnel is a network device that the service makes by this file.',
  },
  'program-rules': {
    title: 'Rules for programs',
    explanation:
      'Without control groups the kernel cannot tell the packets of one program from those of another; without the others it tells late. Rules about users and networks work all the same.',
  },
  'domain-rules': {
    title: 'Rules for domains',
    explanation:
      'A rule about a domain knows its addresses from answers of name servers; a program that asks encrypted goes the usual way.',
  },
  'state-folder': {
    title: 'Storage of the service',
    explanation:
      'What cannot be written down first is not changed: without room, protection cannot be switched on.',
  },
  'control-socket': {
    title: 'Access to the service',
    explanation:
      'Window and command line talk to the service over this socket; who may use it may switch it.',
  },
  'app-sandbox': {
    title: 'Sandbox of the app',
    explanation:
      "The window's sandbox is built of user namespaces; where they are refused the app does not start.",
  },
  tray: {
    title: 'Icon in the panel',
    explanation:
      'Some desktops show no tray icons; the window and `bowline` can do everything that the icon can.',
  },
} satisfies Record<string, CheckTexts>;

/** What a check is about: its name, or `link` for the checks of single links. */
export type CheckTopic = keyof typeof checksEn;

/** Name of a check, stable: people and scripts refer to it. */
export type CheckName = Exclude<CheckTopic, 'link'> | `link-${string}`;
