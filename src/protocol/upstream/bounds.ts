// How much a login at an upstream may keep in memory, and why that much.

/**
 * The longest line of an upstream: RFC 7162 lets an IMAP server send 8,192 octets, the most of the
 * three protocols; nginx's proxy_buffer, when it is written, is for a whole reply.
 */
export const loginLineMaxBytes = 8_192

/**
 * The longest reply, all its lines and literals together: two of the longest lines. An EHLO reply
 * of thirty extensions or a CAPABILITY list has a tenth of it.
 */
export const loginReplyMaxBytes = 16_384

/**
 * All that one login can keep: the reply being read, untagged replies that go to the client with
 * the tagged one, and a line not yet ended.
 */
export const loginMaxBytes: number = loginLineMaxBytes + 2 * loginReplyMaxBytes
