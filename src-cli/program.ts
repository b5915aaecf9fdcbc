import type { CommandSpec, ProgramSpec } from '../src-shared/command-line/program-spec.ts';
import { DEFAULT_DAEMON_SOCKET } from '../src-shared/model/defaults.ts';

const SOCKET_OPTION = { value: 'PATH', help: `control socket (default ${DEFAULT_DAEMON_SOCKET})` };
const JSON_OPTION = { help: 'print JSON' };
const basic: CommandSpec['options'] = { socket: SOCKET_OPTION };
const withJson: CommandSpec['options'] = { socket: SOCKET_OPTION, json: JSON_OPTION };

const ACTION_NOTES = [
  'Actions:',
  '  bonded                through the tunnel, over all links at once',
  '  redundant             through the tunnel, everything over every link',
  '  direct                beside the tunnel, as without Bowline',
  '  only:LINK             beside the tunnel over that link, and nowhere while it is away',
  '  block-without-tunnel  through the tunnel or not at all',
];

/** Everything that `bowline` can be asked. */
export const PROGRAM: ProgramSpec = {
  name: 'bowline',
  summary: "Keeps this laptop's connections alive while it moves between Ethernet and Wi-Fi.",
  commands: [
    {
      name: 'on',
      summary: 'Switch protection on; open connections stay where they are',
      options: basic,
      notes: ['Waits a few seconds for the box, then says how things stand. Protection stays on meanwhile.'],
    },
    {
      name: 'off',
      summary: 'Switch protection off; open connections end in their own time',
      options: { ...basic, now: { help: 'end open connections of the tunnel at once' } },
    },
    { name: 'status', summary: 'Show whether and how connections are protected', options: withJson },
    {
      name: 'watch',
      summary: 'Follow the status until interrupted',
      options: withJson,
      notes: ['With --json, each line is one whole status object; the first is the present one.'],
    },
    { name: 'links', summary: 'List the links and what each one does', options: withJson },
    {
      name: 'timeline',
      summary: 'Tell what happened: switches, links that came and went, states',
      options: {
        ...withJson,
        since: { value: 'TIME', help: 'how far back, such as 30m, 12h, 7d or 4w (default 1d)' },
      },
      notes: ['The service keeps four weeks. A link that changes all the time is told of once a minute.'],
    },
    {
      name: 'boxes',
      summary: 'List the boxes on the local network',
      options: withJson,
      notes: ['A box is what it says it is only once it is paired; compare the fingerprint until then.'],
    },
    {
      name: 'link set',
      summary: 'Say what a link may be used for',
      positionals: ['NAME', 'auto|prefer|backup|never'],
      options: basic,
    },
    {
      name: 'link metered',
      summary: 'Say whether data over a link costs money; mode saver spares such links',
      positionals: ['NAME', 'auto|yes|no'],
      options: basic,
      notes: ['auto: mobile networks do.'],
    },
    {
      name: 'lan',
      summary: 'Say how hosts of the local network are reached',
      positionals: ['direct|tunnel'],
      options: basic,
      notes: [
        'direct   over the link itself: fastest, and ends when that link is lost',
        'tunnel   by way of the box: goes on over another link; multicast and DHCP stay direct',
      ],
    },
    {
      name: 'ipv6',
      summary: 'Say where IPv6 goes while protection is on',
      positionals: ['tunnel|direct'],
      options: basic,
      notes: [
        'tunnel   by way of the box; where that has no IPv6, programs are refused at once and take IPv4',
        'direct   as without Bowline: its connections end with their link',
      ],
    },
    {
      name: 'mode',
      summary: 'Say how the links are used together',
      positionals: ['seamless|bonded|redundant|saver'],
      options: basic,
      notes: [
        'seamless   the best link carries, the others stand by',
        'bonded     all links add up',
        'redundant  everything is sent twice; uses twice the data',
        'saver      a metered link is the last resort',
      ],
    },
    {
      name: 'rules',
      summary: 'List the rules for single programs and what each does now',
      options: withJson,
    },
    {
      name: 'rule add',
      summary: 'Say which way a program, a user or a destination takes',
      positionals: ['ACTION'],
      options: {
        ...withJson,
        app: { value: 'ID', help: 'an installed app, by its desktop entry, such as org.mozilla.firefox' },
        exec: { value: 'PATH', help: 'an executable or a script' },
        cgroup: { value: 'PATH', help: 'a control group and all below it, from the root of cgroup v2' },
        user: { value: 'NAME', help: 'everything that a user runs' },
        domain: { value: 'NAME', help: 'a domain and everything below it, such as example.org' },
        network: { value: 'NET', help: 'an address or a network, such as 192.0.2.0/24' },
        protocol: { value: 'tcp|udp', help: 'with --network: this protocol only' },
        port: { value: 'N', help: 'with --network: this port only' },
      },
      notes: ACTION_NOTES,
    },
    {
      name: 'rule remove',
      summary: 'Remove a rule',
      positionals: ['ID'],
      options: basic,
      notes: ['`bowline rules` lists the ids.'],
    },
    {
      name: 'run',
      summary: 'Start one command under an action, without a rule',
      positionals: ['ACTION', 'COMMAND'],
      isOpenEnded: true,
      options: basic,
      notes: [
        'Write -- before the command. What it starts goes the same way; the exit status is its own.',
        '',
        ...ACTION_NOTES,
      ],
    },
    {
      name: 'leaving',
      summary: 'Get ready to pull the cable: send everything over all links for 30 s',
      options: withJson,
    },
    {
      name: 'wifi power-save',
      summary: 'Say whether radios may save power while protection is on',
      positionals: ['allow|avoid'],
      options: basic,
      notes: ['A radio that saves power answers up to 100 ms late. What is changed is put back afterwards.'],
    },
    {
      name: 'portal-check',
      summary: 'Say whether links are looked at for networks that want a login',
      positionals: ['auto|off|URL'],
      options: basic,
      notes: [
        'auto asks for the page that NetworkManager asks for, over links that do not reach the box, and only then.',
      ],
    },
    {
      name: 'test unplug',
      summary: 'Play the loss of a link and measure the gap',
      options: {
        ...withJson,
        link: { value: 'NAME', help: 'the link to lose (default the carrying one)' },
        kind: { value: 'carrier|silent', help: 'cable out, or a link that passes nothing (default carrier)' },
      },
    },
    {
      name: 'doctor',
      summary: 'Check the system and say what helps',
      options: { ...withJson, fix: { help: 'apply the fixes that need no decision' } },
    },
    {
      name: 'pair',
      summary: 'Pair with a box by the code that it shows',
      options: {
        ...withJson,
        box: { value: 'auto|HOST[:PORT]', help: 'the box (default auto)' },
        code: { value: 'CODE', help: 'the code that the box shows' },
      },
      notes: [
        '`bowline-box pair` on the box shows the code. Protection is switched on when both are paired.',
      ],
    },
    { name: 'unpair', summary: 'Forget the box; connections in the tunnel end', options: basic },
    {
      name: 'ui',
      summary: 'Open the window in a browser on this machine',
      options: {
        ...basic,
        port: { value: 'N', help: 'the port on this machine (default 4748, or any that is free)' },
        'no-open': { help: 'print the address only' },
      },
      notes: ['Each address that is printed opens one window. Only this machine can reach it.'],
    },
  ],
};
