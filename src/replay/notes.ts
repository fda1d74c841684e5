// What whoever reads the result of a replay has to know about it.

import type { Policy } from '../policy/policy.ts'
import { parseBlock } from '../base/address.ts'
import type { ReplayRun } from './run-replay.ts'

export interface Note {
  readonly severity: 'warning' | 'note'
  readonly text: string
}

interface NoteRequest {
  readonly run: ReplayRun
  readonly policy: Policy
}

export function notesOf(request: NoteRequest): readonly Note[] {
  return [
    ...aboutFiles(request.run),
    ...aboutListens(request),
    ...aboutLogins(request),
    ...aboutHashing(request),
    ...aboutAssumption(request.run),
    {
      severity: 'note',
      text: 'sessions last as long as in the record: other idle times and other retries are not simulated',
    },
  ]
}

function aboutFiles({ cutFiles, gapsBefore, replay }: ReplayRun): readonly Note[] {
  const { lostCount, reloadCount, badAddressCount, unknownSessionCount } = replay.tallies
  const notes: Note[] = []
  for (const file of cutFiles)
    notes.push(warn(`${file} ends in the middle of a line; read up to there`))
  for (const file of gapsBefore) {
    notes.push(
      warn(`files are missing before ${file}; it is begun anew with the sessions it names`),
    )
  }
  if (lostCount > 0) {
    notes.push(
      warn(`${lostCount} events were lost while recording: counts around them are not exact`),
    )
  }
  if (badAddressCount > 0) {
    notes.push(
      warn(`${badAddressCount} sessions left out: what the trace has for their address is none`),
    )
  }
  if (unknownSessionCount > 0) {
    notes.push(
      warn(`${unknownSessionCount} logins left out: the trace does not say where they came in`),
    )
  }
  if (reloadCount > 0) {
    const text = `the policy was replaced ${reloadCount} times while recording: refusals of the record are by several policies`
    notes.push({ severity: 'note', text })
  }
  return notes
}

function aboutListens({ run, policy }: NoteRequest): readonly Note[] {
  const known = policy.listeners.flatMap(({ listens }) => listens.map(({ id }) => id))
  return run.replay.tallies.leftOut
    .top(Infinity)
    .map(([listen, count]) =>
      warn(
        `${count} events on ${listen} left out: the policy has no such Listen (it has ${known.join(', ')}); say which one it is with --listen ${listen}=LISTEN`,
      ),
    )
}

function aboutLogins({ run, policy }: NoteRequest): readonly Note[] {
  const { headers, loginCount, nameless } = run.replay.tallies
  const notes: Note[] = []
  if (loginCount === 0) {
    for (const [listen, count] of nameless.top(Infinity)) {
      notes.push(
        warn(
          `${count} sessions on ${listen} log in under this policy and have no login in the trace: limits after a login are not tried`,
        ),
      )
    }
    return notes
  }
  const wanted = policy.zones.flatMap(({ name, key }) =>
    key.variables.flatMap((variable) =>
      variable.kind === 'auth_http' && !headers.has(variable.name)
        ? [{ zone: name, variable: `$auth_http_${variable.name}` }]
        : [],
    ),
  )
  for (const { zone, variable } of wanted) {
    notes.push(
      warn(
        `zone "${zone}" counts by ${variable}, which the trace does not have: it counts nothing (headers are recorded that the running policy counts by)`,
      ),
    )
  }
  return notes
}

function aboutHashing({ run, policy }: NoteRequest): readonly Note[] {
  const hashed = run.files.find(({ header }) => header.hashed !== undefined)?.header.hashed
  if (hashed === undefined) return []
  const peers = policy.listeners.flatMap((listener) => [
    ...listener.peers,
    ...listener.listens.flatMap(({ peers: ofListen }) => ofListen),
  ])
  const narrow = peers.filter(({ block }) => {
    const bits = block.family === 4 ? hashed.ipv4 : hashed.ipv6
    return (parseBlock(block.text)?.block.prefixLength ?? 0) > bits
  })
  const names = [...new Set(narrow.map(({ block }) => block.text))]
  if (names.length === 0) return []
  const text = `addresses of the trace are hashed behind ${hashed.ipv4} bits (IPv6: ${hashed.ipv6}): nobody matches ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more blocks` : ''}`
  return [warn(text)]
}

function aboutAssumption({ replay }: ReplayRun): readonly Note[] {
  const { assumedNamelessCount } = replay.tallies
  if (assumedNamelessCount === 0) return []
  const text = `${assumedNamelessCount} sessions that the record shows refused at connect would have logged in, nobody knows as whom: limits after a login do not count them`
  return [warn(text)]
}

function warn(text: string): Note {
  return { severity: 'warning', text }
}
