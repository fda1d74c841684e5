// Turns a refused client away: in plain text, inside TLS on an implicit-TLS port, or without a
// byte.

import type { Socket } from 'node:net'
import { PosternError } from '../base/errors.ts'
import type { Plan } from '../policy/plan.ts'
import { connectRefusal } from '../protocol/refusal.ts'
import { lingerOf } from './linger.ts'
import type { SessionHost } from './session.ts'
import { ignoreError } from './session-socket.ts'

/** Says no to a client whose verdict is in; it holds no slot (SEMANTICS S3). */
export function turnAway(host: SessionHost, socket: Socket, plan: Plan): void {
  const reply = connectRefusal(plan.listener.service)
  if (!plan.settings.useTls.value || reply === undefined) {
    host.refusals.refuse(socket, reply, lingerOf(plan.settings))
    return
  }
  socket.on('error', ignoreError)
  try {
    // Never in plain text there (SEMANTICS S24).
    const linger = lingerOf(plan.settings)
    host.tlsRefusals.refuse(socket, host.tls.profileOf(plan), { reply, linger })
  } catch (error) {
    if (!PosternError.is(error)) throw error
    host.log.write('error', { text: `TLS is not usable: ${error.message}`, server: plan.listen.id })
    socket.destroy()
  }
}
