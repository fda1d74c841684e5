// Sessions as rows for eyes.

import type { SessionView } from '../daemon/control-protocol.ts'
import { columns } from './terminal.ts'

export const sessionHeadings: readonly string[] = [
  'ID',
  'LISTEN',
  'CLIENT',
  'AGE',
  'SILENT',
  'STATE',
  'USER',
  'UPSTREAM',
  'IN/OUT',
]

export function sessionTable(sessions: readonly SessionView[]): string {
  return sessions.length === 0 ? '' : columns([sessionHeadings, ...sessions.map(sessionRow)])
}

/** One cell for each heading; everything of a client's is printable already. */
export function sessionRow(session: SessionView): readonly string[] {
  const { id, listen, client, ageMs, silentMs, state = 'ending', isTls, login, upstream } = session
  const { bytesFromClient = 0, bytesToClient = 0 } = session
  return [
    `*${id}`,
    listen,
    client,
    secondsText(ageMs),
    silentMs === undefined ? '' : secondsText(silentMs),
    isTls === true ? `${state}, TLS` : state,
    login ?? '',
    upstream ?? '',
    `${bytesFromClient}/${bytesToClient}`,
  ]
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
