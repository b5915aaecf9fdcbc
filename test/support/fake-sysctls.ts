import type { SysctlFiles } from '../../src-platform/sysctl.ts';

/** Kernel settings in memory. */
export class FakeSysctls implements SysctlFiles {
  readonly values: Map<string, string>;
  /** Paths whose writing fails, with the errno name. */
  readonly refused = new Map<string, string>();

  constructor(values: Readonly<Record<string, string>> = {}) {
    this.values = new Map(Object.entries(values));
  }

  read(path: string): string | null {
    return this.values.get(path) ?? null;
  }

  write(path: string, value: string): void {
    const errno = this.refused.get(path) ?? (this.values.has(path) ? undefined : 'ENOENT');
    if (errno !== undefined) throw Object.assign(new Error(errno), { code: errno });
    this.values.set(path, value);
  }

  list(dir: string): readonly string[] {
    const names = [...this.values.keys()]
      .filter((path) => path.startsWith(`${dir}/`))
      .map((path) => path.slice(dir.length + 1).split('/')[0] ?? '');
    return [...new Set(names)];
  }
}
