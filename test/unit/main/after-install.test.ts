import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = new URL('../../../packaging/maintainer/after-install.sh', import.meta.url).pathname;
const FOLDERS = ['opt/Bowline/resources/service', 'usr/bin', 'etc/apparmor.d', 'run/systemd/system', 'tools'];
const TOOLS = ['systemctl', 'systemd-sysusers', 'apparmor_status', 'update-desktop-database'];

let root: string;
let calls: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bowline-after-install-'));
  calls = join(root, 'calls');
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
  for (const tool of TOOLS)
    writeFileSync(join(root, 'tools', tool), `#!/bin/sh\necho "${tool} $*" >>"${calls}"\n`, { mode: 0o755 });
  for (const file of ['opt/Bowline/chrome-sandbox', 'calls']) writeFileSync(join(root, file), '');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Runs it with all paths below a folder, beside a set-up of the service that ends so. */
function run(setupStatus: number): { readonly status: number | null; readonly stderr: string } {
  const setup = join(root, 'opt/Bowline/resources/service/service-setup.sh');
  writeFileSync(setup, `echo "service-setup $*" >>"${calls}"\nexit ${setupStatus}\n`);
  const script = readFileSync(SCRIPT, 'utf8').replaceAll(
    /(?<=[\s="])\/(?=(?:opt|usr|etc|run)\/)/g,
    `${root}/`,
  );
  const env = { PATH: `${join(root, 'tools')}:/usr/bin:/bin` };
  return spawnSync('sh', ['-c', script, 'after-install', 'configure'], { encoding: 'utf8', env });
}

describe('after the installation of a package', () => {
  it('the service is set up, and a box that runs goes on with the new program', () => {
    const { status, stderr } = run(0);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readlinkSync(join(root, 'usr/bin/bowline'))).toBe(
      join(root, 'opt/Bowline/resources/service/bin/bowline'),
    );
    expect(readFileSync(calls, 'utf8')).toContain(
      'service-setup install\nsystemctl try-restart bowline-box.service\n',
    );
  });

  it('a service that does not start is told of, with what to do, and the package is installed', () => {
    const { status, stderr } = run(1);
    expect(status).toBe(0);
    expect(stderr).toMatch(/journalctl -u bowlined says why[^]*sudo systemctl restart bowlined\n$/);
    expect(readFileSync(calls, 'utf8')).toContain('systemctl try-restart bowline-box.service');
  });

  it('an image that is being built gets a service for its first boot', () => {
    rmSync(join(root, 'run'), { recursive: true });
    expect(run(1).status).toBe(0);
    expect(readFileSync(calls, 'utf8')).toContain('systemctl enable bowlined.service');
  });
});
