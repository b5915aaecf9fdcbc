// Whether this machine lets us build network namespaces with a TUN device and a firewall inside.
import { spawnSync } from 'node:child_process';

/**
 * Tries what the lab does, in a namespace of its own that is removed again.
 * @returns {string | null} why the lab cannot run here, as one sentence, or null if it can
 */
export function labObstacle() {
  if (process.getuid?.() !== 0) return 'it builds network namespaces, which needs root';
  const name = `bowline-try-${process.pid}`;
  const attempts = [
    [['ip', 'netns', 'add', name], 'network namespaces cannot be created here'],
    [['ip', '-n', name, 'tuntap', 'add', 'try0', 'mode', 'tun'], '/dev/net/tun cannot be used here'],
    [
      ['ip', '-n', name, 'link', 'add', 'try1', 'type', 'veth', 'peer', 'name', 'try2'],
      'the kernel has no veth',
    ],
    [['ip', 'netns', 'exec', name, 'nft', 'add', 'table', 'inet', 'try'], 'nftables cannot be used here'],
  ];
  try {
    for (const [command, meaning] of attempts) {
      const [program, ...args] = /** @type {string[]} */ (command);
      const { status, stderr, error } = spawnSync(/** @type {string} */ (program), args, {
        encoding: 'utf8',
      });
      if (status !== 0) return `${meaning} (${(error?.message ?? stderr).trim().split('\n')[0]})`;
    }
    return null;
  } finally {
    spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  }
}
