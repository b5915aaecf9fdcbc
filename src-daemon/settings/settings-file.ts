import { join } from 'node:path';
import { JsonFile } from '../../src-platform/index.ts';
import {
  DEFAULT_SETTINGS,
  SETTINGS_VERSION,
  settingsSchema,
  type Settings,
} from '../../src-shared/model/settings.ts';

/**
 * The settings of a state folder.
 * @param hasBox whether a box was named on the command line: who does that wants to use it. What is switched off later
 * stays off.
 */
export function settingsFileIn(stateDir: string, hasBox: boolean): JsonFile<Settings> {
  return new JsonFile({
    path: join(stateDir, 'settings.json'),
    schema: settingsSchema,
    version: SETTINGS_VERSION,
    migrations: {},
    fallback: { ...DEFAULT_SETTINGS, wanted: hasBox },
  });
}
