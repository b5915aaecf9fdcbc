import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findElectron } from '../../../scripts/lib/electron.mjs';
import { SCENARIOS } from '../../desktop/scenarios.ts';

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;
/** Several times what Electron needs to start on a slow machine. */
const SCENARIO_LIMIT_MS = 30_000;

const binary = findElectron();
const obstacle = findObstacle();

describe('the app in Electron itself', () => {
  if (obstacle !== null) {
    it('does the same as with the double', (context) => context.skip(obstacle));
    return;
  }
  it.each(Object.keys(SCENARIOS))(
    '%s',
    async (name) => {
      expect(await playInElectron(name)).toEqual({ name, failure: null });
    },
    SCENARIO_LIMIT_MS + 5_000,
  );
});

function findObstacle(): string | null {
  if (binary === null) return "Electron's binary is not installed; npx install-electron fetches it";
  if (!existsSync(join(PROJECT_DIR, 'dist/lab/desktop-scenarios.js'))) return 'not built; run npm run build';
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return DISPLAY === undefined && WAYLAND_DISPLAY === undefined ? 'no display; xvfb-run gives one' : null;
}

function playInElectron(name: string): Promise<unknown> {
  // Chromium refuses its sandbox to root; nobody runs a desktop as root, but test machines do.
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return new Promise((resolve, reject) => {
    execFile(
      binary!,
      [...flags, 'dist/lab/desktop-scenarios.js'],
      {
        cwd: PROJECT_DIR,
        timeout: SCENARIO_LIMIT_MS,
        killSignal: 'SIGKILL',
        env: { ...process.env, BOWLINE_SCENARIO: name },
      },
      (error, stdout, stderr) => {
        const line = stdout.split('\n').find((candidate) => candidate.startsWith('SCENARIO '));
        if (line !== undefined) resolve(JSON.parse(line.slice('SCENARIO '.length)));
        else reject(new Error(`no outcome (${error?.message ?? 'ended'}): ${stderr.slice(-2000)}`));
      },
    );
  });
}
