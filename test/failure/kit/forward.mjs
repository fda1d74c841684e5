// Runs in a network namespace: forwards TCP connections to a Unix socket. Arguments: the socket's path,
// the address and the port to listen on.

import { connect, createServer } from 'node:net'

const [path, host, port] = process.argv.slice(2)

const server = createServer((near) => {
  const far = connect({ path })
  for (const [from, to] of [
    [near, far],
    [far, near],
  ]) {
    from.on('error', () => from.destroy())
    from.on('close', () => to.destroy())
    from.on('data', (chunk) => to.write(chunk))
  }
})
server.listen({ host, port: Number(port) }, () => process.stdout.write('ready\n'))
