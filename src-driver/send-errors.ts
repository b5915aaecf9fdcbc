/** EMSGSIZE: the datagram is larger than what the device sends. */
export const DATAGRAM_TOO_LARGE = 90;

/** EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ENODEV, ENXIO, EHOSTDOWN, EHOSTUNREACH of Linux. */
const DEAD: ReadonlySet<number> = new Set([99, 100, 101, 19, 6, 112, 113]);

/** Whether a send error says that nothing leaves by this socket, rather than that one datagram was refused. */
export function isSocketDead(errno: number): boolean {
  return DEAD.has(errno);
}
