// How much a watch may keep in memory, and why that much.

/**
 * The longest command line looked at whole: RFC 4954 lets an AUTH line have 12,288 octets, far more
 * than RFC 5321's 512 and every extension to it. A longer one is passed on in pieces.
 */
export const commandMaxBytes = 12_288

/**
 * The longest reply line looked at whole: eight times RFC 5321's 512, since servers are known to
 * exceed it with long AUTH lists and texts. A longer one is passed on in pieces.
 */
export const replyLineMaxBytes = 4_096

/**
 * Commands sent and not yet answered. RFC 5321 wants room for 100 recipients, so a pipelined
 * message passes twice over without a stop; a client with more in flight is held until the replies
 * have come, which costs it one round trip in 256.
 */
export const awaitedMaxCount = 256

/**
 * From so many held client bytes on, the watch asks for the client to be paused: one TLS record.
 */
export const holdPauseBytes = 16_384

/**
 * Client bytes that wait for a reply. A caller that heeds `pauseClient` adds one read of Node,
 * 65,536 bytes at most, to less than `holdPauseBytes`; the gateway, which keeps up to two reads
 * while it connects, hands those over at once.
 */
export const holdMaxBytes = 131_072

/** The greeting kept back while XCLIENT is spoken: RFC 5321's 512 for each of 32 lines. */
export const greetingMaxBytes = 16_384

/**
 * All that one watch can keep of what it was sent: the above, and up to four reply lines (one not
 * yet ended, one kept back by the extension filter, the last of a kept greeting, and line endings
 * put to lines that were cut).
 */
export const watchMaxBytes: number =
  commandMaxBytes + holdMaxBytes + greetingMaxBytes + 4 * replyLineMaxBytes
