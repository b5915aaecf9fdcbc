import type { Texts } from './texts.ts';
import type { windowAppsEn } from './window-apps-en.ts';

/** Texts of the view of apps in German. */
export const windowAppsDe: Texts<typeof windowAppsEn> = {
  intro: 'Apps nutzen den Tunnel, wie die Betriebsart es sagt. Eine App mit Regel geht ihren eigenen Weg.',
  tooOld: 'Der Dienst kennt keine Regeln für Apps; er muss aktualisiert werden',
  failed: (cause) => `Die Regeln lassen sich nicht lesen: ${cause}`,

  search: 'Apps suchen',
  filter: 'Gezeigte Apps',
  filters: { all: 'Alle', ruled: 'Mit Regel' },
  found: 'Gefunden',
  running: 'Läuft',
  notRunning: 'Läuft nicht',
  withRule: 'Mit Regel',
  count: (count, written) => (count === 1 ? '1 App' : `${written} Apps`),
  idle: 'ruht',
  down: 'Herunter',
  up: 'Hinauf',
  noneRunning: 'Keine der installierten Apps läuft gerade.',
  noneFound: (query) => `Keine installierte App heißt ${query}`,
  noneFoundHint: 'Ein Programm, das nicht im Menü der Apps steht, bekommt eine Regel mit seinem Pfad.',
  noneRuled: 'Noch keine App hat eine Regel',
  noneRuledHint: 'Sobald eine App einen eigenen Weg hat, steht sie hier.',
  noneInstalled: 'Keine installierten Apps',
  noneInstalledHint:
    'Dieser Laptop hat kein Menü von Apps. Regeln für Programme, Nutzer, Domains und Netze gehen trotzdem.',
  origin: { system: '', user: '', flatpak: 'Flatpak', snap: 'Snap' },

  way: 'Weg',
  wayOf: (subject) => `Weg von ${subject}`,
  automatic: 'Automatisch',
  automaticHint: 'Keine Regel: durch den Tunnel, wie die Betriebsart es sagt',
  wayName: {
    bonded: 'Alle Leitungen zugleich',
    redundant: 'Jedes Paket doppelt',
    direct: 'Am Tunnel vorbei',
    'block-without-tunnel': 'Nur durch den Tunnel',
  },
  wayHint: {
    bonded: 'Durch den Tunnel, alle Leitungen zusammen. Für große Übertragungen',
    redundant: 'Durch den Tunnel, eine Kopie über jede Leitung. Für Anrufe und Spiele; mehr Daten',
    direct: 'Über die eigene Verbindung des Laptops. Mit der Leitung endet, was über sie läuft',
    'block-without-tunnel': 'Wartet, solange es keinen Tunnel gibt; nichts läuft an ihm vorbei',
  },
  only: (link) => `Nur über ${link}`,
  onlyHint: (link) => `Am Tunnel vorbei, allein über ${link}; wartet, solange die Leitung fehlt`,

  problem: {
    unsupported: 'Ohne Wirkung: Diesem System fehlt, was es dafür braucht',
    'app-not-installed': 'Ohne Wirkung: Die App ist nicht mehr installiert',
    'no-such-user': 'Ohne Wirkung: Diesen Nutzer gibt es hier nicht',
    'no-such-cgroup': 'Ohne Wirkung: Diese Control Group gibt es gerade nicht',
    'link-away': 'Wartet: Die Leitung fehlt',
    'no-tunnel': 'Zurzeit ohne Wirkung: Es gibt keinen Tunnel',
    'no-answer-yet':
      'Noch hat keine App diesen Namen sichtbar nachgeschlagen; wer es verschlüsselt tut, bleibt unbemerkt',
  },
  restart: (count, written) =>
    count === 1
      ? 'Gilt nach einem Neustart: 1 Prozess behält seinen alten Weg'
      : `Gilt nach einem Neustart: ${written} Prozesse behalten ihren alten Weg`,
  restartWholly: 'Dazu ganz beenden: Ein neues Fenster gehört zur App, die schon läuft',
  rules: 'Weitere Regeln',
  rulesHint: 'Für Programme, Nutzer, Domains und Netze.',
  noRules: 'Noch keine.',
  subject: {
    app: 'App',
    exec: 'Programm',
    cgroup: 'Control Group',
    user: 'Nutzer',
    domain: 'Domain',
    network: 'Netz',
  },
  networkWith: (network, protocol, port) =>
    [network, protocol, port === '' ? '' : `Port ${port}`].filter((part) => part !== '').join(', '),
  remove: 'Entfernen',
  removeRuleOf: (subject) => `Regel für ${subject} entfernen`,
  unsupported:
    'diesem System fehlt, was Regeln für Programme brauchen; die Diagnose sagt, was, und was hilft',
  tooManyRules: 'es gibt so viele Regeln, wie der Dienst aufhebt; zuerst einige entfernen',

  missing: 'Regeln können hier weniger, als sie könnten',
  missingHint: 'Einzelheiten stehen in der Diagnose.',
  facility: {
    cgroup2:
      'Control Groups der Version 2 sind nicht eingehängt, darum lassen sich Programme nicht unterscheiden. Mit der Kerneloption systemd.unified_cgroup_hierarchy=1 starten',
    'cgroup-bpf':
      'Der Kernel kann Pakete nicht nach Programmen sortieren. Es braucht einen Kernel mit CONFIG_CGROUP_BPF, wie es die der Distributionen haben',
    'proc-connector':
      'Der Kernel meldet nicht, wenn Programme starten; ihre ersten Pakete gehen vielleicht den üblichen Weg. Es braucht einen Kernel mit CONFIG_PROC_EVENTS, wie es die der Distributionen haben',
    fanotify:
      'Programme lassen sich beim Start nicht anhalten; was eines in den ersten Augenblicken sendet, geht vielleicht den üblichen Weg. Den Dienst über seine Unit-Datei starten',
  },

  add: 'Regel hinzufügen',
  addTitle: 'Regel hinzufügen',
  about: 'Worum es geht',
  field: {
    exec: 'Pfad des Programms',
    user: 'Name des Nutzers',
    domain: 'Domain',
    network: 'Netz oder Adresse',
  },
  fieldHint: {
    exec: 'Von der Wurzel an, etwa /usr/bin/rsync. Ein Skript zählt mit seinem eigenen Pfad.',
    user: 'Etwa backup. Gemeint sind alle Programme dieses Nutzers.',
    domain:
      'Etwa example.com, mit allem darunter. Die erste Verbindung zu einem neuen Namen kann noch den alten Weg nehmen; Apps, die Namen verschlüsselt nachschlagen, bleiben unbemerkt.',
    network: 'Etwa 192.168.5.0/24, 2001:db8::/32 oder eine einzelne Adresse.',
  },
  fieldWrong: {
    exec: 'Das ist kein Pfad von der Wurzel an: Er muss mit / beginnen.',
    user: 'So kann kein Nutzer heißen: Buchstaben, Ziffern, Punkte und Striche, höchstens 32.',
    domain: 'Das ist keine Domain. Für eine Adresse Netz wählen.',
    network: 'Das ist kein Netz: eine Adresse, und nach einem Schrägstrich, wie viele Bits zählen.',
  },
  protocol: 'Protokoll',
  protocols: { any: 'Jedes', tcp: 'TCP', udp: 'UDP' },
  port: 'Port',
  portHint: 'Leer: alle Ports.',
  portWrong: 'Ein Port ist eine Zahl von 1 bis 65535.',

  export: 'Exportieren',
  import: 'Importieren ...',
  importTitle: 'Alle Regeln ersetzen',
  importText: (present, next) =>
    `${present === 1 ? 'Die Regel' : `Die ${present} Regeln`} dieses Laptops, auch die für Apps, ${present === 1 ? 'weicht' : 'weichen'} ${next === 1 ? 'der einen' : `den ${next}`} aus der Datei.`,
  importConfirm: 'Ersetzen',
  imported: (count) => (count === 1 ? '1 Regel wurde importiert' : `${count} Regeln wurden importiert`),
  importFault: {
    'not-json': (file) => `${file} ist kein JSON. Nichts wurde geändert; es braucht eine exportierte Datei.`,
    'not-rules': (file) =>
      `${file} enthält keine Regeln. Nichts wurde geändert; es braucht eine exportierte Datei.`,
    'other-version': (file) =>
      `${file} kommt von einer anderen Version von Bowline. Nichts wurde geändert; diese hier aktualisieren.`,
    'too-many': (file) => `${file} enthält mehr Regeln, als der Dienst aufhebt. Nichts wurde geändert.`,
    rule: (file, rule) =>
      `Regel ${rule} in ${file} ist nicht zu verstehen. Nichts wurde geändert; dort berichtigen oder löschen.`,
  },

  usage: 'Wer welche Leitung nutzt',
  usageTunnel: 'Durch den Tunnel',
  usageBeside: (link) => `${link}, am Tunnel vorbei`,
  usageNothing: 'Gerade gibt es keine Verbindungen.',
  usageFailed: (cause) => `Das lässt sich nicht messen: ${cause}`,
  usageApp: 'Programm',
  connections: (count, written) => (count === 1 ? '1 Verbindung' : `${written} Verbindungen`),
  usageMore: (count) => `${count} weitere`,
};
