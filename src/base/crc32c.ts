// CRC-32C (Castagnoli), the checksum in PROXY v2 headers (haproxy proxy-protocol 2.2.3).

// The Castagnoli polynomial with its bits reversed, for the byte-wise algorithm.
const polynomial = 0x82f6_3b78

const table: Uint32Array = buildTable()

function buildTable(): Uint32Array {
  const built = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
    }
    built[byte] = remainder
  }
  return built
}

/** CRC-32C of all bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 0xff] ?? 0)
  }
  return (remainder ^ 0xffff_ffff) >>> 0
}
