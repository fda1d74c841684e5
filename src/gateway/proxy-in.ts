// The PROXY header in front of a client's first byte: waits for it, takes its address, goes on.

import { addressOfClient, blockContains } from '../base/address.ts'
import { unreachable } from '../base/assert.ts'
import { escapeText } from '../base/escape.ts'
import { ProxyHeaderParser } from '../base/proxy-header.ts'
import type { ProxyHeader } from '../base/proxy-header.ts'
import { awaitVerdict } from './await-verdict.ts'
import { beginService } from './begin-service.ts'
import { beginTls } from './begin-tls.ts'
import { useSocket } from './client.ts'
import { turnAway } from './refuse-session.ts'
import { remoteOf } from './remote.ts'
import type { Session } from './session.ts'

/** The longest header of version 1, as much as nginx reads of it. */
const shownMaxBytes = 107

/** Waits for the header; the shared slots are held meanwhile (SEMANTICS S12). */
export function awaitProxyHeader(session: Session): void {
  const { setup, host, engineSession } = session
  if (setup === undefined) return
  setup.parser = new ProxyHeaderParser()
  session.receive = readProxyHeader
  const waitMs = engineSession.plan.settings.proxyProtocolTimeout.value.ms
  const limits = waitMs === undefined ? {} : { untilMs: host.clock.monotonicMs() + waitMs }
  session.enter('proxy_header', limits)
  session.client.resume()
}

/** The address is known and the session admitted: TLS, or straight to what it came for. */
export function afterAddress(session: Session, early: Buffer | undefined): void {
  if (session.engineSession.plan.settings.useTls.value)
    beginTls(session, { early, onSecured: beginSecured })
  else beginService(session, early)
}

function beginSecured(session: Session): void {
  beginService(session, undefined)
}

function readProxyHeader(session: Session, chunk: Buffer): void {
  const result = session.setup?.parser?.push(chunk)
  if (result === undefined) return
  switch (result.kind) {
    case 'more':
      return
    case 'bad':
      session.write(
        'error',
        `broken header: ${shown(result.problem, chunk)} while reading PROXY protocol`,
      )
      session.receive = undefined
      session.client.destroy()
      return
    case 'done':
      session.receive = undefined
      session.client.pause()
      adopt(session, result.header, result.rest)
      return
    default:
      unreachable(result)
  }
}

/** What came, as nginx shows it; of a binary header, what is wrong with it says more. */
function shown(problem: string, chunk: Buffer): string {
  const line = /^[^\r\n]+/.exec(chunk.toString('latin1', 0, shownMaxBytes))?.[0]
  return line === undefined ? problem : `"${escapeText(line, shownMaxBytes)}"`
}

/** Everything is evaluated anew with the address that the header names. */
function adopt(session: Session, header: ProxyHeader, rest: Buffer): void {
  const { engineSession, raw, host } = session
  const real = remoteOf(raw, engineSession.plan.listen)
  const source = isBelieved(session, real) ? header.source : undefined
  const remote = source?.address ?? real
  const { listenId } = engineSession
  const isServed = host.engine.plan(listenId, undefined) !== undefined
  if (!isServed) session.write('info', `${listenId} went away while reading PROXY protocol`)
  if (remote === undefined || !isServed) {
    raw.destroy()
    return
  }
  if (source !== undefined) session.header = header
  const verdict = host.engine.adopt(engineSession, remote)
  const goOn = (): void => {
    if (session.setup !== undefined) delete session.setup.parser
    afterAddress(session, rest)
  }
  if (verdict.kind === 'asking') {
    awaitVerdict(session, verdict, goOn, rest)
    return
  }
  if (verdict.kind === 'admit') {
    goOn()
    return
  }
  const socket = useSocket(session)
  session.handOver()
  if (socket === undefined) return
  if (rest.length > 0) socket.unshift(rest)
  turnAway(host, socket, verdict.plan)
}

/** Whether who sent the header may say whom it speaks for (freenginx set_real_ip_from). */
function isBelieved({ engineSession }: Session, remote: string | undefined): boolean {
  const trusted = engineSession.plan.settings.realIpFrom?.value
  if (trusted === undefined) return true
  if (remote === 'unix') return trusted.isUnixTrusted
  const address = remote === undefined ? undefined : addressOfClient(remote)
  if (address === undefined) return false
  return trusted.blocks.some((block) => blockContains(block, address))
}
