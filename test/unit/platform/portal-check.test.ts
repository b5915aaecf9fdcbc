import { describe, expect, it } from 'vitest';
import { checkPortal } from '../../../src-platform/portal/portal-check.ts';
import { FakeExec } from '../../support/fake-exec.ts';

const URI = 'http://check.example/ok';

describe('a check for a login page', () => {
  it.each([
    ['', 204, 'open'],
    ['NetworkManager is online\n', 200, 'open'],
    ['<!DOCTYPE html><title>Welcome</title>', 200, 'portal'],
    ['<HTML><meta http-equiv="refresh" content="0; url=/login">', 200, 'portal'],
    ['', 302, 'portal'],
    ['', 511, 'portal'],
    ['oops', 500, 'unknown'],
    ['', 0, 'unknown'],
  ])('that brings %j with status %d says %s', async (body, status, verdict) => {
    const exec = new FakeExec();
    exec.prints(/^curl/, `${body}\n${status}`);
    expect(await checkPortal(exec.exec, 'wlan0', URI)).toBe(verdict);
  });

  it('goes over its link alone, by plain HTTP, and follows nothing', async () => {
    const exec = new FakeExec();
    exec.prints(/^curl/, '\n204');
    await checkPortal(exec.exec, 'wlan0', URI);
    const [command] = exec.take();
    expect(command?.line).toMatch(/ --interface if!wlan0 .* --proto =http .*http:\/\/check\.example\/ok$/s);
    expect(command?.line).not.toContain('--location');
  });

  it('says nothing where curl is missing or nobody answers', async () => {
    const exec = new FakeExec();
    exec.fails(/^curl/, 'spawn curl ENOENT');
    expect(await checkPortal(exec.exec, 'wlan0', URI)).toBe('unknown');
  });
});
