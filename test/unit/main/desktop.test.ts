import { afterEach, beforeEach, describe, it } from 'vitest';
import { SCENARIOS } from '../../desktop/scenarios.ts';
import { Stage } from '../../desktop/stage.ts';
import { preventable, type FakeContents, FakeElectron } from '../../support/fake-electron.ts';

let electron: FakeElectron;
let stage: Stage;

beforeEach(() => {
  electron = new FakeElectron();
  stage = new Stage(electron.api, {
    wake: () => electron.powerMonitor.emit('resume'),
    tryForbidden: async () => tryForbidden(),
  });
});

afterEach(async () => {
  electron.app.emit('before-quit');
  await stage.close();
});

describe('the app', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (_name, play) => {
    await play(stage);
  });
});

/** What Electron asks the app about when a page tries these. */
function tryForbidden(): { navigation: boolean; 'new window': boolean; permission: boolean } {
  const contents = stage.shown.windows[0]!.webContents as unknown as FakeContents;
  const navigation = preventable({ url: 'https://example.org/', isMainFrame: true });
  contents.emit('will-frame-navigate', navigation);
  let isGranted = true;
  contents.session.onPermission?.(null, 'media', (answer) => (isGranted = answer));
  const isDenied = contents.openHandler?.({ url: 'https://example.org/' }).action === 'deny';
  return { navigation: navigation.defaultPrevented, 'new window': isDenied, permission: !isGranted };
}
