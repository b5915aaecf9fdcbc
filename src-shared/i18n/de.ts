import type { en } from './en.ts';
import type { Texts } from './texts.ts';

/** The status texts in German. */
export const de: Texts<typeof en> = {
  linkKind: {
    ethernet: 'Ethernet',
    wifi: 'WLAN',
    usb: 'USB-Ethernet',
    cellular: 'Mobilfunk',
    other: 'Leitung',
  },

  linkState: {
    carrying: 'trägt',
    standby: 'steht bereit',
    suspect: 'unsicher',
    lost: 'verloren',
    ignored: 'nicht genutzt',
  },

  onTrial: 'wird erprobt',
  leftOut: {
    'too-slow': 'bleibt aus: zu langsam',
    'too-lossy': 'bleibt aus: verliert zu viel',
    'too-late': 'bleibt aus: kommt zu spät',
  },
  carriesUpTo: (rate) => `trägt ${rate}`,
  rateUnknown: 'Rate unbekannt',
  losses: (ratio) => `${ratio} Verlust`,
  colon: (subject, text) => `${subject}: ${text}`,

  linkTrouble: {
    portal: 'Das Netz verlangt eine Anmeldung; dafür darüber eine Webseite öffnen',
    isolated: 'Das Netz trennt die Geräte voneinander; das eigene WLAN nehmen, nicht das für Gäste',
    'box-blocked': 'Die Box ist da, aber ihre Antworten kommen nicht; den UDP-Port der Box öffnen',
    'other-network': 'Die Box ist nicht in diesem Netz; die Leitung mit dem Heimnetz verbinden',
    'power-save': 'Der Funk spart Strom und antwortet spät; siehe bowline wifi power-save',
  },

  wifiPowerSave: {
    allow: 'Der Funk darf Strom sparen',
    avoid: 'Der Funk bleibt wach, solange der Schutz an ist',
  },
  portalCheck: (check) =>
    check === 'off' ? 'Nach Anmeldeseiten wird nicht gesucht' : `Nach Anmeldeseiten wird gesucht: ${check}`,
  readyToLeave: 'Bereit zum Gehen',
  readyToLeaveDetail: (time) => `Alles geht bis ${time} über alle Leitungen`,

  linkPriority: {
    auto: 'automatisch',
    prefer: 'bevorzugt',
    backup: 'Reserve',
    never: 'nie',
  },

  lan: {
    direct: 'Geräte im lokalen Netz werden direkt erreicht',
    tunnel: 'Geräte im lokalen Netz werden durch den Tunnel erreicht',
  },

  metered: {
    auto: 'mit Datengrenze, wenn es ein Mobilfunknetz ist',
    yes: 'mit Datengrenze',
    no: 'ohne Datengrenze',
  },

  ipv6: {
    tunnel: 'IPv6 geht durch den Tunnel oder gar nicht',
    direct: 'IPv6 geht am Tunnel vorbei',
  },

  mode: {
    seamless: 'Nahtlos: Die beste Leitung trägt, die anderen stehen bereit',
    bonded: 'Gebündelt: Alle Leitungen zusammen',
    redundant: 'Doppelt: Alles wird zweimal gesendet',
    saver: 'Sparsam: Eine Leitung mit Datengrenze kommt zuletzt',
  },

  internet: {
    tunnelled: 'Internet ist geschützt',
    direct: 'Internet läuft direkt',
    none: 'Kein Internet',
  },

  switchReason: {
    'carrier-lost': 'Kabel oder Signal weg',
    silent: 'Leitung verstummt',
    'address-gone': 'Adresse weg',
    'device-gone': 'Gerät entfernt',
    'better-link': 'bessere Leitung',
    user: 'auf Wunsch',
  },

  failure: {
    'no-box-configured': 'Mit diesem Laptop ist keine Box gekoppelt',
    'tun-unavailable': 'Das Tunnelgerät lässt sich nicht öffnen',
    'routes-refused': 'Das System hat die Routen abgelehnt',
    'state-unwritable': 'Der Ordner für den Zustand lässt sich nicht beschreiben',
    'box-version': 'Die Box spricht eine andere Version',
    'box-refused-key': 'Die Box kennt diesen Laptop nicht',
    internal: 'Im Dienst ist ein Fehler aufgetreten',
  },

  off: 'Aus',
  offDetail: 'Das Internet läuft über die eigene Verbindung dieses Laptops',
  offNoInternet: 'Keine Leitung ist verbunden',
  draining: 'Wird ausgeschaltet',
  drainingDetail: 'Neue Verbindungen laufen direkt; offene enden von selbst',
  connecting: 'Verbindet ...',
  connectingDetail: (internet) => `Sucht die Box in diesem Netz; ${internet}`,
  protectedOn: (link) => `Geschützt über ${link}`,
  usingLinks: (links) => `${listOf(links)} zusammen`,
  switchedTo: (link) => `Gewechselt zu ${link}`,
  switchGapNothingLost: (gap) => `${gap} Lücke, nichts verloren`,
  switchGapReplayed: (gap, packets) =>
    `${gap} Lücke, ${packets === 1 ? '1 Paket' : `${packets} Pakete`} erneut gesendet`,
  standsBy: (links) => `${listOf(links)} ${links.length === 1 ? 'steht' : 'stehen'} bereit`,
  noStandby: 'Keine andere Leitung steht bereit',
  rates: (down, up, rtt) =>
    rtt === null ? `${down} herunter, ${up} hinauf` : `${down} herunter, ${up} hinauf, ${rtt}`,
  degraded: 'Geschützt, langsam',
  losesPackets: (link, ratio) => `${link} verliert ${ratio} der Pakete`,
  contested: 'Geschützt, mit Lücken',
  routesContested: (by) =>
    `${by ?? 'Ein anderes Programm'} entfernt immer wieder die Routen des Tunnels; manche Verbindungen laufen direkt`,
  answersSlowly: (link, rtt) => `${link} antwortet erst nach ${rtt}`,
  noLink: 'Keine Leitung',
  noLinkDetail: 'Weder Kabel noch WLAN ist verbunden; kein Internet',
  away: 'Nicht zu Hause',
  awayDetail: 'Internet läuft direkt; zu Hause macht Bowline weiter',
  boxUnreachable: 'Box nicht erreichbar',
  directSince: (time) => `Internet läuft seit ${time} direkt`,
  noInternetSince: (time) => `Kein Internet seit ${time}`,
  retryingIn: (delay) => `nächster Versuch in ${delay}`,
  retrying: 'nächster Versuch läuft',
  failed: 'Nicht geschützt',
  failedDetail: (cause, detail, internet) => `${detail === '' ? cause : `${cause} (${detail})`}; ${internet}`,
  permissionNeeded: 'Erlaubnis nötig',
  permissionDetail:
    'Dieses Konto darf nicht mit dem Bowline-Dienst sprechen; es muss in die Gruppe bowline und sich neu anmelden',
  updateNeeded: 'Aktualisierung nötig',
  updateDetail: 'Programm und Dienst haben verschiedene Versionen; der Dienst muss neu starten',
  serviceStopped: 'Dienst läuft nicht',
  unreachable: {
    stopped: 'Der Bowline-Dienst läuft nicht; Internet läuft direkt',
    'not-installed': 'Der Bowline-Dienst hat hier keinen Socket; Internet läuft direkt',
  },
  join: (first, second) => `${first}; ${second}`,

  linkBecame: {
    carrying: (link) => `${link} trägt`,
    standby: (link) => `${link} steht bereit`,
    suspect: (link) => `${link} ist unsicher`,
    lost: (link) => `${link} ist verloren`,
    ignored: (link) => `${link} wird nicht genutzt`,
  },
  connectionBecame: {
    off: 'Aus',
    connecting: 'Sucht die Box',
    protected: 'Geschützt',
    away: 'Nicht zu Hause',
    'box-unreachable': 'Box nicht erreichbar',
    failed: 'Nicht geschützt',
  },
  andInternet: (what, internet) => `${what}; ${internet}`,
  leftFor: (from, to, reason) => `${from} zu ${to}: ${reason}`,
  timelineEmpty: 'In dieser Zeit ist nichts geschehen',
  timelineTruncated: 'Ältere Einträge fehlen hier',
};

function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} und ${names[names.length - 1] ?? ''}`;
}
