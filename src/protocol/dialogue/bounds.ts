// How much a dialogue may keep in memory, and why that much.

/** From so many held client bytes on, a dialogue asks for a pause: one TLS record. */
export const holdPauseBytes = 16_384

/**
 * Bytes the client sends while its credentials are looked at. A caller that heeds `pauseClient`
 * adds one read of Node, 65,536 bytes at most, to less than `holdPauseBytes`.
 */
export const holdMaxBytes = 131_072

/**
 * Client text in a log line: a whole command line of RFC 5321, and a quarter of the 2,048 bytes
 * that nginx's lines may have.
 */
export const shownMaxLength = 512
