import type { desktopEn } from './desktop-en.ts';
import type { Texts } from './texts.ts';

/** What tray, notifications and dialogs of the app say, in German. */
export const desktopDe: Texts<typeof desktopEn> = {
  appName: 'Bowline',
  protection: 'Schutz',
  links: 'Leitungen',
  linkRow: (link, measure, state) =>
    measure === null ? `${link}: ${state}` : `${link}: ${measure}, ${state}`,
  leaving: 'Ich gehe vom Schreibtisch weg',
  leavingUntil: (time) => `Bereit zum Gehen bis ${time}`,
  pauseForOneHour: 'Für 1 Stunde pausieren',
  resumeNow: (time) => `Jetzt fortsetzen (Pause bis ${time})`,
  open: 'Bowline öffnen',
  fix: {
    stopped: 'Dienst starten ...',
    'not-installed': 'Dienst einrichten ...',
    'no-permission': 'Erlaubnis holen ...',
    version: 'Dienst neu starten ...',
  },
  quit: 'Beenden',
  turnOffAndQuit: 'Ausschalten und beenden',
  paused: 'Pausiert',
  pausedDetail: (time) => `Internet läuft direkt; der Schutz beginnt wieder um ${time}`,
  nothingKnown: 'Fragt den Dienst ...',
  noTray: 'Bowline läuft ohne Symbol in der Leiste',
  noTrayDetail:
    'Dieser Desktop zeigt keine Symbole in der Leiste. Wird das Fenster geschlossen, endet die App; der Schutz läuft ' +
    'ohne sie weiter. Unter GNOME bringt die Erweiterung AppIndicator die Symbole.',
  autostartComment: 'Hält Verbindungen zwischen Ethernet und WLAN am Leben',
  unexpected: 'In Bowline trat ein Fehler auf',
  unexpectedDetail: (logPath) =>
    `Was gerade geschah, ist vielleicht nicht fertig; der Schutz selbst ist nicht betroffen. Näheres steht in ${logPath}`,
  cannotStart: (logPath) => `Bowline konnte nicht starten. Näheres steht in ${logPath}`,
  stillOn: 'Der Schutz ließ sich nicht ausschalten und läuft weiter',
  autostartRefused: (folder) =>
    `In den Ordner ${folder} lässt sich nicht schreiben; das Recht dazu geben, oder die Einstellungen des Desktops nutzen`,
  previewLink: (link, isUp) => `${link}: ${isUp ? 'verbunden' : 'nicht verbunden'}`,
  windowGone: 'Das Fenster von Bowline endete unerwartet und wurde wieder geöffnet',
  setup: {
    dismissed:
      'Die Frage nach dem Passwort wurde geschlossen; nichts ist verändert. Weiter geht es mit einem neuen Versuch',
    noPrompt: 'Dieser Desktop kann nicht nach dem Passwort fragen. In einem Terminal ausführen:',
    failed: 'Der Dienst ließ sich nicht einrichten; was schon getan war, ist zurückgenommen.',
    removeFailed: 'Der Dienst ließ sich nicht ganz entfernen. In einem Terminal ausführen:',
    notPackaged:
      'Diese Kopie von Bowline bringt keinen Dienst mit; ein Paket bauen, oder bin/bowlined als root starten',
  },
};
