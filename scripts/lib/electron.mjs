// Electron's binary, which npm's package of it fetches only when it is asked for.
import { existsSync, readFileSync } from 'node:fs';
import { PROJECT_DIR } from './run.mjs';

const PACKAGE_DIR = `${PROJECT_DIR}node_modules/electron/`;

/**
 * Finds the binary without fetching it, as `import 'electron'` would.
 * @returns {string | null} null where `npx install-electron` has not run
 */
export function findElectron() {
  const pathFile = `${PACKAGE_DIR}path.txt`;
  if (!existsSync(pathFile)) return null;
  const binary = `${PACKAGE_DIR}dist/${readFileSync(pathFile, 'utf8')}`;
  return existsSync(binary) ? binary : null;
}
