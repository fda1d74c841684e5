// The socket of the admin API: where it listens, TLS, and bounds on whoever connects. Loaded only when
// a configuration asks for it.

import { rmSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Endpoint } from '../base/address.ts'
import { requireFreePath } from '../gateway/unix-path.ts'
import { createAdmin } from './app.ts'
import type { AdminAppOptions } from './app.ts'
import { bodyOf } from './problem.ts'
import type { StatusCode } from './problem.ts'

export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface AdminServerOptions extends Omit<AdminAppOptions, 'endpoint'> {
  /** A path is absolute. */
  readonly endpoint: Endpoint
  /** Absent: plain HTTP. */
  readonly tls?: TlsFiles
}

export interface AdminServer {
  /** Where it listens, as a URL, or `unix:` and the path. */
  readonly url: string
  /** Other certificates, for connections that come from now on. */
  useTls(tls: TlsFiles): void
  close(): Promise<void>
}

/** Operators, a Prometheus and their pages; more at once are a mistake or a flood. */
const connectionsMax = 64
/** A request is a few short lines; whoever needs longer for it does not mean it. */
const requestMs = 10_000
/** How often that is looked after. */
const checkMs = 1000
/** An answer that nobody reads, and a connection that nobody uses, ends. Events come more often. */
const idleMs = 60_000
const keepAliveMs = 5000
/** A token and some filters. */
const headerBytesMax = 16 * 1024
const privateUmask = 0o177
/** How long answers on their way may take when the daemon ends. */
const farewellMs = 500
const sweepMs = 20

/** Binds; rejects with what the system says. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { endpoint, tls } = options
  const app = createAdmin(options)
  const limits = {
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: headerBytesMax,
  }
  const server = createAdaptorServer({
    fetch: app.fetch,
    ...(tls === undefined
      ? { createServer: createPlainServer, serverOptions: limits }
      : {
          createServer: createTlsServer,
          serverOptions: { ...limits, ...tls, minVersion: 'TLSv1.2' as const },
        }),
  }) as Server | TlsServer // the one it was told to make
  server.maxConnections = connectionsMax
  server.timeout = idleMs
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('clientError', answerBroken)
  try {
    if (endpoint.kind === 'unix') await freePath(endpoint.path)
    await listen(server, endpoint)
  } catch (error) {
    app.close()
    throw error
  }
  return {
    url: urlOf(server, endpoint, tls !== undefined),
    useTls(next) {
      if ('setSecureContext' in server) server.setSecureContext(next)
    },
    close() {
      app.close()
      return closeServer(server, sockets)
    },
  }
}

/** What cannot be read as a request has no other way to be told so. */
function answerBroken(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status, reason, code, message } = brokenBy(error.code)
  const body = bodyOf({ status, code, message })
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroySoon())
}

interface Broken {
  readonly status: StatusCode
  readonly reason: string
  readonly code: string
  readonly message: string
}

function brokenBy(code: string | undefined): Broken {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        reason: 'Request Timeout',
        code: 'too_slow',
        message: `A request is here within ${requestMs / 1000} seconds.`,
      }
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        reason: 'Request Header Fields Too Large',
        code: 'header_too_large',
        message: `A header has at most ${headerBytesMax} bytes.`,
      }
    default:
      return {
        status: 400,
        reason: 'Bad Request',
        code: 'bad_request',
        message: 'This is no HTTP request.',
      }
  }
}

/** One that a dead daemon left goes; a live one, and what is no socket, stays. */
async function freePath(path: string): Promise<void> {
  await requireFreePath(path, 'admin API')
  rmSync(path, { force: true })
}

function listen(server: Server | TlsServer, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    if (endpoint.kind === 'tcp') {
      const { host, port } = endpoint
      server.listen(host === '*' ? { port } : { host, port }, resolve)
      return
    }
    // listen() binds before it returns, so no other code runs under this umask; and nobody but the
    // owner can connect from the first instant.
    const umask = process.umask(privateUmask)
    try {
      server.listen(endpoint.path, resolve)
    } finally {
      process.umask(umask)
    }
  })
}

function urlOf(server: Server | TlsServer, endpoint: Endpoint, isTls: boolean): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  // It listens on TCP, so it has an address; port 0 became another.
  const { port } = server.address() as AddressInfo
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  return `${isTls ? 'https' : 'http'}://${host}:${port}`
}

/** Answers on their way get a moment, the one to `drain` among them; then all is cut. */
function closeServer(server: Server | TlsServer, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, farewellMs)
    server.close(() => {
      clearInterval(sweep)
      clearTimeout(cut)
      resolve()
    })
  })
}
