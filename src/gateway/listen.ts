// One bound Listen: binding, holding connections back until its policy is in force, giving it up.

import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import type { ListenOptions, Server, Socket } from 'node:net'
import { isAbsolute, join } from 'node:path'
import type { Endpoint } from '../base/address.ts'
import { PosternError } from '../base/errors.ts'
import type { Plan } from '../policy/plan.ts'
import type { Listen } from '../policy/policy.ts'
import type { GatewayErrorCode } from './codes.ts'
import { errnoName, errnoText } from './errno.ts'
import { divertConnections } from './flood-lane.ts'
import type { AcceptedHandle } from './flood-lane.ts'
import type { HandedSocket } from './handed-sockets.ts'
import { ignoreError } from './session-socket.ts'
import {
  isOwned,
  makeCradle,
  removeCradle,
  removeOwned,
  requireFreePath,
  settle,
} from './unix-path.ts'
import type { OwnedPath } from './unix-path.ts'

/** What a bound Listen reports to. */
export interface ListenHandlers {
  onConnection(socket: Socket, listen: Listen): void
  /** A connection no Socket has been made of yet; true when it is refused and done with. */
  onHandle(client: AcceptedHandle, listen: Listen): boolean
  /** The connection last shown to `onHandle`, and not taken, has gone through `onConnection`. */
  onHandleSettled(): void
  onAcceptError(error: Error): void
}

export interface BindRequest {
  readonly plan: Plan
  readonly prefix: string
  readonly handlers: ListenHandlers
  /** The socket is bound already, and this answers its descriptor. */
  readonly descriptorOf?: (listenId: string) => number
  /** The socket was given to this process. */
  readonly handed?: HandedSocket
}

// A Listen that is bound before its policy is in force holds back as many clients as its accept
// queue has places by default (momentum Listen_Backlog); those beyond are closed.
const heldBackMax = 500

/** A listening socket. Made by `bindListen`; accepts nothing before `open`. */
export class BoundListen {
  /** What the policy says of sessions here that no Peer decides; renewed by a reload. */
  plan: Plan
  readonly #backlog: number
  readonly #server: Server
  readonly #handlers: ListenHandlers
  readonly #owned: OwnedPath | undefined
  /** Whoever gave it keeps it open, so it is kept here, too. */
  readonly handed: HandedSocket | undefined
  #heldBack: Socket[] | undefined = []
  /** No Listen of the policy in force: who comes is turned away without a word. */
  #isParked = false

  constructor(request: BindRequest, server: Server, owned: OwnedPath | undefined) {
    this.plan = request.plan
    this.#backlog = request.plan.settings.listenBacklog.value
    this.#server = server
    this.#handlers = request.handlers
    this.#owned = owned
    this.handed = request.handed
    server.on('connection', (socket: Socket) => this.#onConnection(socket))
    server.on('error', (error) => request.handlers.onAcceptError(error))
    divertConnections(
      server,
      (client) =>
        this.#heldBack === undefined &&
        !this.#isParked &&
        this.#handlers.onHandle(client, this.plan.listen),
      () => this.#handlers.onHandleSettled(),
    )
  }

  get id(): string {
    return this.plan.listen.id
  }

  /** The policy now asks for another backlog than the socket was bound with. */
  get hasOtherBacklog(): boolean {
    return this.plan.settings.listenBacklog.value !== this.#backlog
  }

  /** The port the kernel gave, for TCP. */
  get port(): number | undefined {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  }

  /** The socket file, for Unix. */
  get path(): string | undefined {
    return this.#owned?.path
  }

  /** Lets clients in, those first who came while it was only bound. */
  open(): void {
    const heldBack = this.#heldBack ?? []
    this.#heldBack = undefined
    for (const socket of heldBack) this.#handlers.onConnection(socket, this.plan.listen)
  }

  /**
   * Gives the address up at once; sessions that came through it are not touched. A socket that was
   * handed in stays open, or else a later policy could not have it.
   */
  retire(): void {
    if (this.handed === undefined) this.close()
    else this.#park()
  }

  /** A policy wants the parked Listen again; `open` lets clients in. */
  revive(plan: Plan): void {
    this.plan = plan
    this.#isParked = false
    this.#heldBack = []
  }

  #park(): void {
    this.#isParked = true
    for (const socket of this.#heldBack ?? []) socket.destroy()
    this.#heldBack = undefined
  }

  /** Gives the address up for good. */
  close(): void {
    if (this.#owned !== undefined) removeOwned(this.#owned)
    this.#server.close()
    for (const socket of this.#heldBack ?? []) socket.destroy()
    this.#heldBack = undefined
  }

  /** Takes the plan of a new policy, and with it the mode of our own socket file. */
  renew(plan: Plan): void {
    const mode = plan.settings.fileMode.value
    const isChanged = mode !== this.plan.settings.fileMode.value
    this.plan = plan
    if (isChanged && this.#owned !== undefined && isOwned(this.#owned)) {
      chmodSync(this.#owned.path, mode)
    }
  }

  #onConnection(socket: Socket): void {
    if (this.#isParked) {
      socket.on('error', ignoreError)
      socket.destroy()
      return
    }
    if (this.#heldBack === undefined) {
      this.#handlers.onConnection(socket, this.plan.listen)
      return
    }
    socket.on('error', ignoreError)
    if (this.#heldBack.length < heldBackMax) this.#heldBack.push(socket)
    else socket.destroy()
  }
}

/** Binds a Listen; rejects with a PosternError that names it and says what to do. */
export async function bindListen(request: BindRequest): Promise<BoundListen> {
  // Paused: most connections of a flood are refused without ever being read. Half open: a client
  // that has said its last word still gets the rest of the answer.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  const { endpoint, label } = request.plan.listen
  const backlog = request.plan.settings.listenBacklog.value
  try {
    const fd = request.handed?.fd ?? request.descriptorOf?.(request.plan.listen.id)
    if (fd !== undefined) {
      await listenOn(server, { fd, backlog })
      return new BoundListen(request, server, undefined)
    }
    if (endpoint.kind === 'unix') return await bindUnix(request, server)
    if (endpoint.isIpv6Only === true) {
      await listenOn(server, { host: endpoint.host, ipv6Only: true, port: endpoint.port, backlog })
    } else if (endpoint.host === '*' || endpoint.host === '::')
      await bindAny(server, endpoint, backlog)
    else await listenOn(server, { host: endpoint.host, port: endpoint.port, backlog })
    return new BoundListen(request, server, undefined)
  } catch (error) {
    throw PosternError.is(error) ? error : bindError(error, label, endpoint)
  }
}

/** `*` and `[*]` are both families (momentum case 45); on a machine without IPv6, `*` is IPv4. */
async function bindAny(
  server: Server,
  endpoint: { readonly host: string; readonly port: number },
  backlog: number,
): Promise<void> {
  const { port } = endpoint
  try {
    await listenOn(server, { host: '::', ipv6Only: false, port, backlog })
  } catch (error) {
    const name = errnoName(error)
    const hasNoIpv6 = name === 'EAFNOSUPPORT' || name === 'EADDRNOTAVAIL' || name === 'EINVAL'
    if (!hasNoIpv6 || endpoint.host !== '*') throw error
    await listenOn(server, { host: '0.0.0.0', port, backlog })
  }
}

async function bindUnix(request: BindRequest, server: Server): Promise<BoundListen> {
  const { listen, settings } = request.plan
  if (listen.endpoint.kind !== 'unix') throw new TypeError('not a Unix endpoint')
  const { path: written } = listen.endpoint
  const path = isAbsolute(written) ? written : join(request.prefix, written)
  await requireFreePath(path, listen.label)
  const cradle = makeCradle(path, listen.label)
  try {
    await listenOn(server, { path: cradle.socketPath, backlog: settings.listenBacklog.value })
    return new BoundListen(request, server, settle(cradle, path, settings.fileMode.value))
  } catch (error) {
    server.close()
    removeCradle(cradle)
    throw error
  }
}

/** A socket that is bound already. */
interface SharedSocket {
  readonly fd: number
  readonly backlog: number
}

async function listenOn(server: Server, options: ListenOptions | SharedSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = (): void => {
      server.off('error', onError)
      resolve()
    }
    const onError = (error: Error): void => {
      server.off('listening', onListening)
      reject(error)
    }
    server.once('listening', onListening)
    server.once('error', onError)
    // With a descriptor Node takes the length of the queue from the second place alone.
    if ('fd' in options) server.listen(options, options.backlog)
    else server.listen(options)
  })
}

export function bindError(error: unknown, label: string, endpoint: Endpoint): PosternError {
  const { kind, text: address } = endpoint
  const [code, advice] = bindAdvice(errnoName(error), kind)
  const text = `${label}: bind() to ${address} failed (${errnoText(error)}); ${advice}`
  return new PosternError(code, text, { cause: error, fields: { listen: address } })
}

function bindAdvice(
  name: string | undefined,
  kind: Endpoint['kind'],
): readonly [GatewayErrorCode, string] {
  switch (name) {
    case 'EADDRINUSE':
      return ['gateway.address_in_use', 'find who listens there with `ss -ltnp`, or use another']
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return [
        'gateway.permission_denied',
        kind === 'unix'
          ? 'give the user that the daemon runs as the right to write into its directory'
          : 'run as a user who may, or give the program the capability cap_net_bind_service',
      ]
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return ['gateway.address_unavailable', 'no interface of this machine has this address']
    case 'ENOENT':
    case 'ENOTDIR':
      return ['gateway.path_missing', 'make its directory first']
    default:
      return ['gateway.bind_failed', 'see the error in the brackets']
  }
}
