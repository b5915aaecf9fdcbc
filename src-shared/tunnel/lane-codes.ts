/**
 * Codes in the DSCP field of a packet that the laptop's firewall writes on its way into the tunnel. The engine takes
 * them off again and carries the packet as they say. They are of pool 2, for local use (RFC 2474, section 6).
 */
export const BONDED_DSCP = 0x03;
export const REDUNDANT_DSCP = 0x07;
