/**
 * DSCP codes by which the laptop's firewall tells the engine the class of a flow (pool 2, local use: RFC 2474,
 * section 6). They go no further than the box, which takes them out of the packets again.
 */

/** Of flows that are spread over all paths that help, whatever the mode. */
export const BONDED_DSCP = 0x03;

/** Of flows of which each packet goes over every usable path, whatever the mode. */
export const REDUNDANT_DSCP = 0x07;
