// The Debian packages that building, testing, the demo and the benchmark need, and how they get installed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** @typedef {'build' | 'network' | 'lab' | 'desktop' | 'bench' | 'browser'} Purpose */

/**
 * Package by purpose, each with a program that proves its presence.
 * @type {Record<Purpose, Record<string, string>>}
 */
const PACKAGES = {
  build: { 'g++': 'g++', make: 'make', python3: 'python3' },
  network: { iproute2: 'ip', nftables: 'nft', ethtool: 'ethtool', procps: 'sysctl' },
  // What shares a laptop with Bowline.
  lab: {
    'dbus-daemon': 'dbus-daemon',
    'dnsmasq-base': 'dnsmasq',
    iptables: 'iptables-nft',
    'iputils-ping': 'ping',
    'wireguard-go': 'wireguard-go',
    'wireguard-tools': 'wg-quick',
  },
  // These bring services that begin at once to manage the machine's links and rights, so only a machine that is there for
  // tests gets them; elsewhere the tests beside them are skipped unless they are there anyway.
  desktop: { 'network-manager': 'NetworkManager', polkitd: 'pkaction' },
  browser: { chromium: 'chromium' },
  // The rivals' packages are not among them: a rival that is not installed is left out of the run.
  bench: { iperf3: 'iperf3', 'util-linux': 'chrt' },
};

/**
 * Makes sure that the packages of some purposes are there. Installs them as root; otherwise prints the one line that
 * does, and answers false.
 * @param {readonly Purpose[]} purposes
 * @returns {boolean}
 */
export function ensureDebianPackages(purposes) {
  const missing = purposes
    .flatMap((purpose) => Object.entries(PACKAGES[purpose]))
    .filter(([, program]) => !isInstalled(program))
    .map(([name]) => name);
  if (missing.length === 0) return true;

  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const line = `apt-get update && apt-get ${install.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.error(`Missing: ${missing.join(', ')}. On Debian or Ubuntu run:\n  sudo sh -c '${line}'`);
    return false;
  }
  console.log(`Installing ${missing.join(', ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update', '-q'], install]) {
    const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env });
    if (status !== 0) {
      console.error(`apt-get ${args[0]} failed. By hand: ${line}`);
      return false;
    }
  }
  return true;
}

/** @param {string} program */
function isInstalled(program) {
  // Administration programs count even where an ordinary user's PATH leaves their folders out.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder: the next one may have it.
      return false;
    }
  });
}
