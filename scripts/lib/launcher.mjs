// The small shell programs in bin/ that start a bundle.

/**
 * V8 flags of the daemons, chosen by measurement on Node 20 with a program that makes 4,000 small objects every 5 ms
 * and keeps up to 60,000 of them; three runs of each. A daemon may have 90 MB resident.
 *
 * The young generation may grow to 3 x 16 MiB by default: 101-104 MB resident, longest stall 3.5-4.3 ms. With 2 MiB:
 * 61-87 MB and 0.9-2.7 ms. Doubled to 4 MiB: 64-83 MB, but 3.7-4.6 ms. Halved to 1 MiB: nothing gained that the noise of
 * these runs would show, and short-lived objects get old sooner.
 * Left out on purpose: --single-threaded-gc (stalls 2 to 4 times as long at a higher load), --optimize-for-size (least
 * memory, but stalls twice as long), --v8-pool-size and --jitless (an idle process has 42 MB with and without them).
 */
export const DAEMON_FLAGS = ['--max-semi-space-size=2'];

/**
 * Writes a POSIX shell program that replaces itself by Node running a bundle, found beside its real place.
 * @param {{ bundle: string, node: string, flags: readonly string[] }} program `bundle` is relative to the folder above
 *   the launcher; `node` is the absolute path of the Node that built it, used if it is still there
 * @returns {string}
 */
export function launcherText({ bundle, node, flags }) {
  return [
    '#!/bin/sh',
    '# Written by `npm run build`.',
    'self=$(readlink -f -- "$0") || exit 1',
    'bin=${self%/*}',
    `node=${shellQuoted(node)}`,
    '[ -x "$node" ] || node=node',
    `exec ${['"$node"', ...flags, `"\${bin%/*}/${bundle}"`, '"$@"'].join(' ')}`,
    '',
  ].join('\n');
}

/** @param {string} text */
function shellQuoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
