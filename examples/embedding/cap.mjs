// Postern's engine inside another server: ask it about every connection, tell it about every end.
// Run: node examples/embedding/cap.mjs (after npm run build; installed, the imports are the same)

import { createServer, connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { createEngine } from 'postern'
import { loadConfiguration, memoryReader, renderDiagnostic } from 'postern/config'

const text = `
ESMTP_Listener {
  Listen ":2525" {}
  Peer "127.0.0.0/8" { Service_Sessions = 2 }
}
`
const loaded = loadConfiguration({
  file: 'embedded.conf',
  text,
  reader: memoryReader(new Map()),
  searchPath: [],
})
for (const diagnostic of loaded.diagnostics) {
  console.error(renderDiagnostic(diagnostic, loaded.sources, { color: false }))
}

const engine = createEngine({ policy: loaded.policy })

const server = createServer((socket) => {
  socket.on('error', () => {})
  const verdict = engine.open({ listenId: '*:2525', remote: socket.remoteAddress })
  if (verdict.kind === 'refuse') {
    const { limit, usedCount } = verdict.decidedBy
    console.log(`refused: ${limit.scope} is full (${usedCount}/${limit.capMax})`)
    socket.end('421 4.4.5 Service unavailable, concurrency limit reached.\r\n')
    return
  }
  // The slot goes back when the socket is fully closed, and once: that is all there is to keep.
  socket.on('close', () => engine.close(verdict.session))
  socket.write('220 embedded.example ESMTP\r\n')
  socket.resume() // a mail server would read commands here
})

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const clients = []
for (const name of ['first', 'second', 'third']) {
  const client = connect(server.address().port, '127.0.0.1')
  client.on('error', () => {})
  const [greeting] = await once(client, 'data')
  console.log(`${name} client reads: ${greeting.toString().trim()}`)
  clients.push(client)
}
for (const client of clients) client.end()
server.close()
while (engine.snapshot().sessionsActive > 0) await setTimeout(10)
console.log(`sessions left: ${engine.snapshot().sessionsActive}`)
