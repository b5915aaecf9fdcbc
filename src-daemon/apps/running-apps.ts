import { executableOf, findGroupRoot, listProcesses } from '../../src-platform/index.ts';
import { appOfUnit } from '../../src-platform/apps/app-units.ts';
import { groupOfProcess } from '../../src-platform/apps/processes.ts';
import type { ProgramLookup } from './compile-rules.ts';
import { programOf } from './compile-rules.ts';
import type { AppCatalog } from './app-catalog.ts';

/** Tells which installed app a process belongs to: by the group that a desktop gave it, else by its executable. */
export class RunningApps {
  readonly #catalog: AppCatalog;
  readonly #lookup: Omit<ProgramLookup, 'commandOf'>;
  readonly #hasGroups = findGroupRoot() !== null;
  #version = -1;
  #byExecutable: ReadonlyMap<string, string> = new Map();

  constructor(catalog: AppCatalog, lookup: Omit<ProgramLookup, 'commandOf'>) {
    this.#catalog = catalog;
    this.#lookup = lookup;
  }

  /** Id of the app; null if the process belongs to none that is known. */
  appOf(pid: number): string | null {
    return this.#appByGroup(pid) ?? this.#executables().get(executableOf(pid) ?? '') ?? null;
  }

  /** How many processes each app has. */
  count(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const pid of listProcesses()) {
      const app = this.appOf(pid);
      if (app !== null) counts.set(app, (counts.get(app) ?? 0) + 1);
    }
    return counts;
  }

  #appByGroup(pid: number): string | null {
    const path = this.#hasGroups ? groupOfProcess(pid) : null;
    for (const part of (path ?? '').split('/').reverse()) {
      const app = appOfUnit(part);
      if (app !== null && this.#catalog.find(app) !== null) return app;
    }
    return null;
  }

  #executables(): ReadonlyMap<string, string> {
    if (this.#version === this.#catalog.version) return this.#byExecutable;
    const byExecutable = new Map<string, string>();
    for (const { id, command } of this.#catalog.entries()) {
      const program = programOf(command, this.#lookup);
      // Of several apps with one program, the first has it.
      if (program === null || program.interpreter !== undefined) continue;
      const path = this.#lookup.realPath(program.path);
      if (!byExecutable.has(path)) byExecutable.set(path, id);
    }
    this.#version = this.#catalog.version;
    this.#byExecutable = byExecutable;
    return byExecutable;
  }
}
