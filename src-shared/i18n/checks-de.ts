import type { checksEn } from './checks-en.ts';
import type { Texts } from './texts.ts';

/** Texts of the checks in German. */
export const checksDe: Texts<typeof checksEn> = {
  'box-configured': {
    title: 'Kopplung mit einer Box',
    explanation: 'Ohne Box ist nichts am anderen Ende des Tunnels.',
  },
  'box-reachable': {
    title: 'Weg zur Box',
    explanation:
      'Solange die Box nicht antwortet, geht alles direkt, und fällt eine Leitung aus, enden Verbindungen.',
  },
  'box-version': {
    title: 'Versionen von Laptop und Box',
    explanation:
      'Laptop und Box verschiedener Versionen arbeiten zusammen, aber ohne das, was nur einer von beiden kennt.',
  },
  'second-link': {
    title: 'Zweite Leitung',
    explanation: 'Bei nur einer Leitung ist nichts da, was übernehmen könnte, wenn sie ausfällt.',
  },
  link: {
    title: 'Leitung',
    explanation: 'Eine Leitung, die viel verliert oder spät antwortet, macht alles langsam, was sie trägt.',
  },
  'reverse-path-filter': {
    title: 'Filter des Rückwegs',
    explanation:
      'Ein strenger Rückwegfilter verwirft, was über eine andere Leitung als die des besten Rückwegs ankommt.',
  },
  arp: {
    title: 'Antworten für Adressen (ARP)',
    explanation:
      'Von sich aus antwortet Linux auf jeder Leitung für jede seiner Adressen; wird ein Kabel gezogen, geht auch die andere nicht mehr.',
  },
  'dead-routes': {
    title: 'Routen gezogener Kabel',
    explanation: 'Was neben dem Tunnel läuft, geht in ein gezogenes Kabel, solange dessen Route noch da ist.',
  },
  'path-mtu': {
    title: 'Größe der Datagramme',
    explanation:
      'Wo nur kleine Datagramme ankommen, kosten Übertragungen mehr; verloren geht nichts, denn der Tunnel probiert es aus.',
  },
  'ipv6-leak': {
    title: 'IPv6 neben dem Tunnel',
    explanation:
      'IPv6 neben dem Tunnel zeigt dem Internet eine andere Adresse und bricht ab, wenn eine Leitung ausfällt.',
  },
  names: {
    title: 'Namensserver',
    explanation:
      'Namen, nach denen neben dem Tunnel gefragt wird, werden nicht gefunden, solange die Leitung dorthin ausfällt.',
  },
  portal: {
    title: 'Anmeldeseiten von Netzen',
    explanation:
      'Ein Netz, das eine Anmeldung verlangt, lässt vorher nichts durch, wie stark das Signal auch ist.',
  },
  isolation: {
    title: 'Netze, die Geräte trennen',
    explanation:
      'Netze für Gäste trennen die Geräte voneinander: Die Leitung ist da und findet die Box doch nie.',
  },
  'power-save': {
    title: 'Stromsparen beim Funk',
    explanation:
      'Ein Funk, der zwischen Paketen schläft, antwortet bis zu 100 ms zu spät, wenn er übernehmen muss.',
  },
  'other-rules': {
    title: 'Routing-Regeln anderer Programme',
    explanation:
      'Eine Routing-Regel eines anderen Programms, die vor unseren kommt, führt Verkehr am Tunnel vorbei.',
  },
  'other-tunnels': {
    title: 'Andere Tunnel',
    explanation: 'Von zwei Tunneln, die beide alles wollen, bekommt es nur einer.',
  },
  clock: {
    title: 'Uhr',
    explanation: 'Bei falschem Datum werden Webseiten abgelehnt; der Tunnel selbst braucht das Datum nicht.',
  },
  'tun-device': {
    title: 'Tunnelgerät',
    explanation: 'Der Tunnel ist ein Netzwerkgerät, das der Dienst über diese Datei anlegt.',
  },
  'program-rules': {
    title: 'Regeln für Programme',
    explanation:
      'Ohne Kontrollgruppen kann der Kernel die Pakete eines Programms nicht von denen eines anderen unterscheiden; ohne das Übrige erst spät. Regeln für Nutzer und Netze gehen trotzdem.',
  },
  'domain-rules': {
    title: 'Regeln für Domains',
    explanation:
      'Eine Regel für eine Domain kennt deren Adressen aus Antworten von Namensservern; ein Programm, das verschlüsselt fragt, nimmt den üblichen Weg.',
  },
  'state-folder': {
    title: 'Speicher des Dienstes',
    explanation:
      'Was nicht vorher notiert werden kann, wird nicht geändert: Ohne Platz lässt sich der Schutz nicht einschalten.',
  },
  'control-socket': {
    title: 'Zugang zum Dienst',
    explanation:
      'Fenster und Befehlszeile sprechen über diesen Socket mit dem Dienst; wer ihn benutzen darf, darf schalten.',
  },
  'app-sandbox': {
    title: 'Sandbox der App',
    explanation:
      'Die Sandbox des Fensters braucht eigene Namensräume; wo sie verweigert werden, startet die App nicht.',
  },
  tray: {
    title: 'Symbol in der Leiste',
    explanation:
      'Manche Desktops zeigen keine Symbole in der Leiste; Fenster und `bowline` können alles, was das Symbol kann.',
  },
};
