// PROXY protocol headers as a load balancer sends them, written here anew: the product's own
// builder must not vouch for itself.

/** Which of the two forms; undefined stands for none. */
export type HeaderVersion = 'v1' | 'v2'

const signature = Buffer.from([
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
])
const sourcePort = 40_000
const destinationPort = 25

/** A header that says the client has this address. */
export function proxyHeader(version: HeaderVersion, address: string): Buffer {
  return version === 'v1' ? headerV1(address) : headerV2(address)
}

/** A v2 header of the LOCAL command: the proxy speaks for itself, as in a health check. */
export function localHeader(): Buffer {
  return Buffer.concat([signature, Buffer.from([0x20, 0x00, 0x00, 0x00])])
}

function headerV1(address: string): Buffer {
  const isIpv6 = address.includes(':')
  const own = isIpv6 ? '::1' : '127.0.0.1'
  const family = isIpv6 ? 'TCP6' : 'TCP4'
  return Buffer.from(`PROXY ${family} ${address} ${own} ${sourcePort} ${destinationPort}\r\n`)
}

function headerV2(address: string): Buffer {
  const isIpv6 = address.includes(':')
  const own = isIpv6 ? '::1' : '127.0.0.1'
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(sourcePort, 0)
  ports.writeUInt16BE(destinationPort, 2)
  const body = Buffer.concat([bytesOf(address), bytesOf(own), ports])
  const head = Buffer.from([0x21, isIpv6 ? 0x21 : 0x11, 0x00, body.length])
  return Buffer.concat([signature, head, body])
}

function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  return bytesOfIpv6(address)
}

function bytesOfIpv6(address: string): Buffer {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  if (dotted !== null) {
    const [, head = '', tail = ''] = dotted
    const ipv4 = bytesOf(tail)
    const groups = [ipv4.readUInt16BE(0), ipv4.readUInt16BE(2)].map((group) => group.toString(16))
    return bytesOfIpv6(head + groups.join(':'))
  }
  const [front = '', back = ''] = address.split('::')
  const groupsOf = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const before = groupsOf(front)
  const after = groupsOf(back)
  const bytes = Buffer.alloc(16)
  for (const [at, group] of before.entries()) bytes.writeUInt16BE(group, at * 2)
  for (const [at, group] of after.entries()) {
    bytes.writeUInt16BE(group, (8 - after.length + at) * 2)
  }
  return bytes
}
