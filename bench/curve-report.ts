// The cost curves as pictures and, beside each, the same numbers as a table.

import { drawChart } from './chart.ts'
import type { Curves, KeyPoint, SessionPoint } from './cases/curve.ts'
import type { Series } from './chart.ts'

export interface CurveReport {
  /** Files below docs/benchmarks, by name. */
  readonly pictures: ReadonlyMap<string, string>
  readonly section: string
}

type Label = (subjectId: string) => string

const kb = 1024

export function renderCurves(curves: Curves, settleMs: number, label: Label): CurveReport {
  const pictures = new Map([
    ['sessions-memory.svg', sessionsMemory(curves.sessions, label)],
    ['sessions-cpu.svg', sessionsCpu(curves.sessions, label)],
    ['keys-time.svg', keysTime(curves.keys)],
    ['keys-memory.svg', keysMemory(curves.keys)],
  ])
  const section = [
    '## How cost grows',
    `Sessions that do nothing, relayed or logged in with IMAP, opened in steps in the same processes; memory is read
${settleMs / 1000} s after each step, over that of the empty server, and so is the CPU of the quiet that follows.`,
    '![Memory against idle sessions](benchmarks/sessions-memory.svg)',
    '![CPU of opening a session against sessions held](benchmarks/sessions-cpu.svg)',
    sessionTable(curves.sessions, label),
    `A zone with so many keys in it, each with one session; alone, without sockets (\`bench/micro/keys.bench.ts\`). An
admission looks its key up anew, takes a slot and gives it back. Memory is resident memory over that of the
empty zone; what is too small to see has no place in the picture. nginx has no line here: its own admission
cannot be timed apart from its sockets.`,
    '![Time of an admission against keys](benchmarks/keys-time.svg)',
    '![Memory of a zone against keys](benchmarks/keys-memory.svg)',
    keyTable(curves.keys),
  ].join('\n\n')
  return { pictures, section }
}

function sessionsMemory(points: readonly SessionPoint[], label: Label): string {
  return drawChart({
    title: 'Memory against idle sessions',
    description: `Resident memory over that of the empty server, in megabytes, for each number of idle
sessions held; nginx and Postern, relayed and logged in. The table below the picture has the numbers.`,
    xTitle: 'idle sessions',
    yTitle: 'MB over the empty server',
    series: sessionSeries(points, label, (point) => point.bytes / 1e6),
  })
}

function sessionsCpu(points: readonly SessionPoint[], label: Label): string {
  return drawChart({
    title: 'CPU of opening a session, against sessions held',
    description: `CPU microseconds of the server for each session opened since the step before; nginx and
Postern, relayed and logged in. The table below the picture has the numbers.`,
    xTitle: 'sessions held after the step',
    yTitle: 'CPU µs per session opened',
    series: sessionSeries(points, label, (point) => point.openUs),
  })
}

function keysTime(points: readonly KeyPoint[]): string {
  return drawChart({
    title: 'Time of an admission, against keys in the zone',
    description: `CPU nanoseconds of an admission and its release for each number of keys in the zone, in the
zone of one thread and in the one that threads share. The table below the picture has the numbers.`,
    xTitle: 'keys in the zone',
    yTitle: 'ns per admission',
    series: keySeries(points, (point) => point.nsPerAdmission),
  })
}

function keysMemory(points: readonly KeyPoint[]): string {
  return drawChart({
    title: 'Memory of a zone, against keys in it',
    description: `Resident memory in megabytes for each number of keys, in the zone of one thread and in the
one that threads share. The table below the picture has the numbers.`,
    xTitle: 'keys in the zone',
    yTitle: 'MB',
    series: keySeries(points, (point) => point.bytes / 1e6),
  })
}

function sessionSeries(
  points: readonly SessionPoint[],
  label: Label,
  pick: (point: SessionPoint) => number,
): Series[] {
  return grouped(points, ({ role, subjectId }) => `${label(subjectId)}, ${nameOf(role)}`).map(
    ([name, own]) => ({
      label: name,
      points: drawable(own.map((point) => ({ x: point.sessions, y: pick(point) }))),
    }),
  )
}

function keySeries(points: readonly KeyPoint[], pick: (point: KeyPoint) => number): Series[] {
  return grouped(points, ({ zone }) => zone).map(([name, own]) => ({
    label: name,
    points: drawable(own.map((point) => ({ x: point.keys, y: pick(point) }))),
  }))
}

/** Zero, which small counts come to within the kernel's pages, has no place on these axes. */
function drawable(points: Series['points']): Series['points'] {
  return points.filter(({ y }) => y > 0)
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): [string, Item[]][] {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return [...groups]
}

function nameOf(role: SessionPoint['role']): string {
  return role === 'relay' ? 'relayed' : 'logged in'
}

function sessionTable(points: readonly SessionPoint[], label: Label): string {
  const head = [
    'server',
    'sessions are',
    'sessions',
    'MB',
    'KB each',
    'CPU µs to open one',
    'idle CPU, ms/s',
  ]
  const lines = points
    .toSorted(
      (left, right) => order(left).localeCompare(order(right)) || left.sessions - right.sessions,
    )
    .map((point) => [
      label(point.subjectId),
      nameOf(point.role),
      count(point.sessions),
      (point.bytes / 1e6).toFixed(1),
      (point.bytes / kb / point.sessions).toFixed(2),
      point.openUs.toFixed(0),
      (point.idleUsPerSecond / 1000).toFixed(2),
    ])
  return table(head, lines)
}

function order({ role, subjectId }: SessionPoint): string {
  return `${role === 'relay' ? 0 : 1} ${subjectId}`
}

function keyTable(points: readonly KeyPoint[]): string {
  const lines = points.map(({ zone, keys, nsPerAdmission, bytes }) => [
    zone,
    count(keys),
    nsPerAdmission.toFixed(0),
    (bytes / 1e6).toFixed(1),
    (bytes / keys).toFixed(0),
  ])
  return table(['zone', 'keys', 'ns per admission', 'MB', 'bytes per key'], lines)
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '---'), ...lines]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
