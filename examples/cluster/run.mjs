// Three gates on this machine that count as one: starts a store, a mail server that takes everything,
// and the gates of gate.conf, prints what to try, and ends all of them with Ctrl-C.
//
//   node examples/cluster/run.mjs [--port 2600]

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const program = here('../../dist/cli/main.js')
const example = readFileSync(here('gate.conf'), 'utf8')

/** The mail server has the first port, the gates the three above it, and the store one further up. */
const firstPort = process.argv[2] === '--port' ? Number(process.argv[3]) : 2600
const storePort = firstPort === 2600 ? 6390 : firstPort + 4
const names = ['gate-1', 'gate-2', 'gate-3']
const directory = mkdtempSync(join(tmpdir(), 'postern-cluster-'))
const children = []

function start(name, command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    for (const line of text.trimEnd().split('\n')) process.stderr.write(`${name}: ${line}\n`)
  })
  child.on('error', (error) => fail(`${name} cannot be started: ${error.message}`))
  child.on('exit', () => children.splice(children.indexOf(child), 1))
  children.push(child)
  return child
}

/** A server that greets, agrees to everything, and keeps nothing. */
function startMailServer(port) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      const isEnd = /^QUIT/im.test(String(bytes))
      if (isEnd) socket.end('221 2.0.0 bye\r\n')
      else socket.write('250 2.0.0 ok\r\n')
    })
    socket.write('220 mail.example ESMTP\r\n')
  })
  server.on('error', (error) => fail(`the mail server: ${error.message}`))
  server.listen(port, '127.0.0.1')
  return server
}

function startGate(name, at) {
  const folder = join(directory, name)
  mkdirSync(folder)
  const port = firstPort + 1 + at
  const text = example
    .replace('127.0.0.1:6390', `127.0.0.1:${storePort}`)
    .replace('node=gate-1', `node=${name}`)
    .replace('127.0.0.1:2601', `127.0.0.1:${port}`)
    .replace('127.0.0.1:2600', `127.0.0.1:${firstPort}`)
  writeFileSync(join(folder, 'postern.conf'), text)
  const child = start(name, process.execPath, [program, '-p', folder, '-c', 'postern.conf'])
  return { name, port, folder, child }
}

/** Its pid file says that a gate is ready. */
async function isReady({ name, folder, child }) {
  while (!existsSync(join(folder, 'postern.pid'))) {
    if (child.exitCode !== null) throw new Error(`${name} ended, and said why above`)
    await sleep(50)
  }
}

let isOver = false

async function end(exitCode) {
  if (isOver) return
  isOver = true
  const [store, ...gates] = children
  const gone = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)))
  // Gates first, so that they can say goodbye to the store.
  for (const gate of gates) gate.kill()
  await Promise.race([Promise.all(gone.slice(1)), sleep(5000)])
  store?.kill()
  await Promise.race([Promise.all(gone), sleep(5000)])
  rmSync(directory, { recursive: true, force: true })
  process.exit(exitCode)
}

function fail(why) {
  process.stderr.write(`${why}\n`)
  void end(1)
}

function textOf(gates) {
  const call = `node ${process.argv[1]?.startsWith('/') ? program : 'dist/cli/main.js'}`
  const [first, second] = gates
  return `
Three gates count as one in redis-server on port ${storePort}: 15 sessions, wherever they come in.

${gates.map(({ name, port, child }) => `  ${name}   127.0.0.1:${port}   process ${child.pid}`).join('\n')}

Try, in another terminal:

  bash -c 'for i in $(seq 16); do exec {fd}<>/dev/tcp/127.0.0.1/$((${first.port} + i % 3)); sleep 0.1; done; head -n1 <&$fd'
      opens 16 sessions, five or six at each gate, and shows what the last one reads

  ${call} explain --listen :${first.port} --from 127.0.0.1 --live -p ${first.folder}
      counts over all gates, and what is told to the next client

  kill -9 ${second.child.pid}
      ends ${second.name} as a crash does: its slots are free again within two seconds

  ${call} status -p ${first.folder}

Ctrl-C ends all of it.
`
}

process.on('SIGINT', () => void end(0))
process.on('SIGTERM', () => void end(0))

if (!existsSync(program)) {
  fail('dist/cli/main.js is not here yet: npm ci && npm run build')
} else {
  const server = startMailServer(firstPort)
  const bare = [
    '--bind',
    '127.0.0.1',
    '--loglevel',
    'warning',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ]
  const store = start('store', 'redis-server', ['--port', `${storePort}`, ...bare])
  store.on('exit', () => {
    if (!isOver) fail('the store ended')
  })
  server.once('listening', () => {
    const gates = names.map(startGate)
    Promise.all(gates.map(isReady)).then(
      () => process.stdout.write(textOf(gates)),
      (error) => fail(error.message),
    )
  })
}
