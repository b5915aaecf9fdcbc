// The layer rule: a folder is a layer, and this table says who may import whom.
// test/unit/house/layers.test.ts feeds it bad imports and expects every one of them to be refused.

const own = (folder) => `^${folder}/`;
const CORE_PREFIX = '(node:)?';
const core = (...names) => `^${CORE_PREFIX}(${names.join('|')})(/|$)`;
const ANY_CORE = core(...require('node:module').builtinModules.filter((name) => !/^_|\//.test(name)));
/** zod checks what crosses a trust boundary: sockets, files, the command line. */
const ZOD = '(^|/)node_modules/zod/';
/** Audited primitives for what node:crypto does not have: a prime-order group for pairing by a code. */
const NOBLE = '(^|/)node_modules/@noble/';
/** The codec of multicast DNS. */
const DNS_PACKET = '(^|/)node_modules/(dns-packet|@types/dns-packet)/';
/** Packages and the types that come apart from them. */
const modules = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;

/** @type {Record<string, { mayImport: string[]; because: string }>} */
const LAYERS = {
  'src-shared': {
    mayImport: [own('src-shared'), ZOD],
    because: 'it runs anywhere: no Node, no DOM, nothing of ours above it',
  },
  'src-engine': {
    mayImport: [own('src-engine'), own('src-shared/(model|util)')],
    because: 'the engine is a pure state machine: bytes and `now` in, bytes, events and a deadline out',
  },
  'src-pairing': {
    mayImport: [own('src-pairing'), own('src-shared/(model|util)'), NOBLE],
    because: 'pairing is a pure state machine at both ends: bytes and `now` in, bytes and events out',
  },
  'src-native/lib': {
    mayImport: [own('src-native/lib'), ANY_CORE],
    because: 'the addon knows nothing of ours and can be tested alone',
  },
  'src-platform': {
    mayImport: [own('src-platform'), own('src-shared'), own('src-native/lib'), ANY_CORE, ZOD, DNS_PACKET],
    because: 'it adapts the operating system and holds no policy',
  },
  'src-control': {
    mayImport: [own('src-control'), own('src-shared'), core('net', 'fs', 'path', 'timers'), ZOD],
    because: 'unprivileged programs load it too, so it must not reach the addon or the system',
  },
  'src-driver': {
    mayImport: [own('src-driver'), own('src-shared'), own('src-engine'), own('src-platform'), ANY_CORE],
    because: 'it joins engine and platform, for laptop and box alike',
  },
  'src-daemon': {
    mayImport: [
      ...[
        'src-daemon',
        'src-shared',
        'src-engine',
        'src-pairing',
        'src-platform',
        'src-driver',
        'src-control',
      ].map(own),
      ANY_CORE,
      ZOD,
    ],
    because: 'the laptop daemon never depends on the box or on a front end',
  },
  'src-box': {
    mayImport: [
      ...[
        'src-box',
        'src-shared',
        'src-engine',
        'src-pairing',
        'src-platform',
        'src-driver',
        'src-control',
      ].map(own),
      ANY_CORE,
      ZOD,
    ],
    because: 'the box daemon never depends on the laptop daemon or on a front end',
  },
  'src-web-ui': {
    mayImport: [own('src-web-ui'), own('src-shared'), own('src-control'), ANY_CORE, ZOD, modules('ws')],
    because: 'it forwards the contract between a browser and the daemon and has no powers of its own',
  },
  'src-cli': {
    mayImport: [
      ...['src-cli', 'src-shared', 'src-control', 'src-web-ui'].map(own),
      '^src-platform/exec\\.ts$',
      ANY_CORE,
      ZOD,
    ],
    because: 'the command line has no powers of its own: it asks the daemon',
  },
  'src-renderer': {
    mayImport: [own('src-renderer'), own('src-shared'), modules('react', 'react-dom', 'radix-ui', 'uplot')],
    because: 'the window is a page: it knows the bridge and nothing of the machine',
  },
  'src-main': {
    mayImport: [
      ...['src-main', 'src-shared', 'src-control'].map(own),
      ANY_CORE,
      ZOD,
      modules('electron', '@vscode/sudo-prompt', 'systeminformation'),
    ],
    because: 'the app has no powers of its own: it asks the daemon, and polkit once',
  },
  'src-main/preload': {
    mayImport: [own('src-main/preload'), own('src-shared'), modules('electron')],
    because: 'it runs sandboxed, beside the page: Electron gives it nothing else',
  },
};

/** Folders inside a layer that have rights of their own: crypto one more, see below, the preload script fewer. */
const INNER = { 'src-engine': 'src-engine/crypto', 'src-main': 'src-main/preload' };

const layerRules = Object.entries(LAYERS).map(([folder, { mayImport, because }]) => ({
  name: `layer ${folder}`,
  comment: `${folder} may not import this: ${because}.`,
  severity: 'error',
  from: { path: own(folder), ...(INNER[folder] && { pathNot: own(INNER[folder]) }) },
  to: { pathNot: mayImport },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'layer src-engine/crypto',
      comment: 'node:crypto is the only module of Node that the engine may use, and only in this folder.',
      severity: 'error',
      from: { path: own('src-engine/crypto') },
      to: { pathNot: [...LAYERS['src-engine'].mayImport, core('crypto')] },
    },
    {
      name: 'one door to child processes',
      comment: 'Programs are started by src-platform/exec.ts alone: no shell, a timeout, typed errors.',
      severity: 'error',
      from: { path: '^src-', pathNot: '^src-platform/exec\\.ts$' },
      to: { path: core('child_process') },
    },
    {
      name: 'no cycles',
      comment: 'Modules that need each other are one module, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'The imported file or package does not exist.',
      severity: 'error',
      from: { path: '^(src-|test/)' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src-native/build' },
    // Type-only imports count: a type of a higher layer is a dependency on it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
