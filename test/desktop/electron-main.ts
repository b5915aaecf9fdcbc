import * as electron from 'electron';
import { SCENARIOS } from './scenarios.ts';
import { Stage } from './stage.ts';

/*
 * Plays one scenario in Electron itself and prints what came of it. Each has a process of its own: Electron is ready only
 * once, and takes one handler for each channel.
 */

const name = process.env['BOWLINE_SCENARIO'] ?? '';
const play = SCENARIOS[name];
if (play === undefined) throw new Error(`no scenario ${name}`);

const stage: Stage = new Stage(electron, {
  wake: () => electron.powerMonitor.emit('resume'),
  tryForbidden: async () => {
    const before = await stage.inPage('location.href');
    const opened = await stage.inPage(`window.open('https://example.org/') !== null`);
    await stage.inPage(`(location.href = 'https://example.org/', true)`);
    const permission = await stage.inPage(
      `navigator.mediaDevices.getUserMedia({ audio: true }).then(() => true, () => false)`,
    );
    const after = await stage.inPage('location.href');
    return { navigation: before === after, 'new window': opened === false, permission: permission === false };
  },
});

async function main(): Promise<void> {
  electron.app.setPath('userData', stage.dir);
  let failure: string | null = null;
  try {
    await play?.(stage);
  } catch (error) {
    failure = (error as Error).stack ?? String(error);
  }
  await stage.close();
  process.stdout.write(`\nSCENARIO ${JSON.stringify({ name, failure })}\n`);
  electron.app.exit(0);
}

void main();
