/** UDP port of the box. Unassigned by IANA, above 1024 and below the ephemeral ports. */
export const DEFAULT_PORT = 4747;

/** Members of this group may look and switch; who configures is root. */
export const CONTROL_GROUP = 'bowline';

/** Where the laptop's daemon listens for its command line and window. */
export const DEFAULT_DAEMON_SOCKET = '/run/bowline/daemon.sock';

/** Where the box listens for its command line. */
export const DEFAULT_BOX_SOCKET = '/run/bowline/box.sock';

/** State of the laptop's daemon. */
export const DEFAULT_DAEMON_STATE_DIR = '/var/lib/bowline';

/** State of the box. */
export const DEFAULT_BOX_STATE_DIR = '/var/lib/bowline-box';
