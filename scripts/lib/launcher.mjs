// The small shell programs in bin/ that start a bundle.

/**
 * V8 flags of the daemons, chosen by measurement on Node 20.
 *
 * A young generation of at most 3 x 2 MiB (the default may grow to 3 x 16 MiB) halves the longest pause under heavy
 * allocation, from 20-30 ms to 11-13 ms, and keeps a busy daemon from holding memory that it needs for a moment only.
 * Doubled, pauses grow again; halved, short-lived objects get old and cost full collections.
 * Left out on purpose: --single-threaded-gc (pauses of 45 ms), --optimize-for-size (pauses twice as long),
 * --v8-pool-size and --jitless (no memory gained: an idle process has 42 MiB, most of it the shared Node binary).
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
