import type { UnreachableReason } from '../model/status.ts';

/** What tray, notifications and dialogs of the app say, in English. */
export const desktopEn = {
  appName: 'Bowline',
  protection: 'Protection',
  links: 'Links',
  linkRow: (link: string, measure: string | null, state: string) =>
    measure === null ? `${link}: ${state}` : `${link}: ${measure}, ${state}`,
  leaving: 'I am leaving my desk',
  leavingUntil: (time: string) => `Ready to leave until ${time}`,
  pauseForOneHour: 'Pause for 1 hour',
  resumeNow: (time: string) => `Resume now (paused until ${time})`,
  open: 'Open Bowline',
  fix: {
    stopped: 'Start the service...',
    'not-installed': 'Set up the service...',
    'no-permission': 'Get permission...',
    version: 'Restart the service...',
  } satisfies Record<UnreachableReason, string>,
  quit: 'Quit',
  turnOffAndQuit: 'Turn off and quit',
  paused: 'Paused',
  pausedDetail: (time: string) => `Internet is direct; protection resumes at ${time}`,
  nothingKnown: 'Asking the service...',
  noTray: 'Bowline runs without a tray icon',
  noTrayDetail:
    'This desktop shows no tray icons. Closing the window ends the app; protection goes on without it. ' +
    'On GNOME, the extension AppIndicator adds a tray.',
  autostartComment: 'Keeps connections alive between Ethernet and Wi-Fi',
  unexpected: 'Bowline met an error',
  unexpectedDetail: (logPath: string) =>
    `What it was doing may not be done; protection itself is not affected. Details are in ${logPath}`,
  cannotStart: (logPath: string) => `Bowline could not start. Details are in ${logPath}`,
  stillOn: 'Protection could not be switched off and goes on',
  autostartRefused: (folder: string) =>
    `The folder ${folder} cannot be written; make it writable, or use the settings of the desktop`,
  previewLink: (link: string, isUp: boolean) => `${link}: ${isUp ? 'connected' : 'not connected'}`,
  windowGone: 'The window of Bowline ended unexpectedly and was opened again',
  setup: {
    dismissed: 'The question for the password was closed; nothing was changed. Try again to go on',
    noPrompt: 'This desktop cannot ask for the password. In a terminal, run:',
    failed: 'The service could not be set up; what had been done was undone.',
    removeFailed: 'The service could not be removed completely. In a terminal, run:',
    notPackaged:
      'This copy of Bowline has no service to set up; build a package, or run bin/bowlined as root',
  },
} as const;
