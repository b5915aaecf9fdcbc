import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from '../home.ts';

/** Users of services, which are there only where their packages are installed. */
export const RESOLVED_USER = { name: 'systemd-resolve', id: 997 } as const;
export const BOWLINE_USER = { name: 'bowline', id: 64_747 } as const;

/** Lines of a shell script after which programs see these users, beside those of the machine. */
export function accountLines({ tempDir }: VirtualHome): string {
  for (const file of ['passwd', 'group']) {
    const others = readFileSync(join('/etc', file), 'utf8')
      .split('\n')
      .filter((line) => ![RESOLVED_USER, BOWLINE_USER].some(({ name }) => line.startsWith(`${name}:`)));
    const own = [RESOLVED_USER, BOWLINE_USER].map(({ name, id }) =>
      file === 'passwd' ? `${name}:x:${id}:${id}::/:/usr/sbin/nologin` : `${name}:x:${id}:`,
    );
    writeFileSync(join(tempDir, file), [...own, ...others].join('\n'), { mode: 0o644 });
  }
  return `
    mount --bind ${tempDir}/passwd /etc/passwd
    mount --bind ${tempDir}/group /etc/group
  `;
}
