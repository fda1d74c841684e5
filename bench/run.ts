// The benchmark: Postern beside nginx, haproxy, Haraka and smtp-server on this machine, in one run. Writes
// docs/benchmarks.md and, below .tmp/bench, every round's numbers. Run: npm run bench [-- --help]

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { judge } from './aims.ts'
import { measureBytes } from './cases/bytes.ts'
import { measureFairness } from './cases/fairness.ts'
import { measureKeyCurve, measureSessionCurve } from './cases/curve.ts'
import { measureIdle } from './cases/idle.ts'
import { measureLookups } from './cases/lookups.ts'
import { measureLogins } from './cases/logins.ts'
import { measureRush } from './cases/rush.ts'
import { createLab } from './lab.ts'
import type { Lab } from './lab.ts'
import { startFleet } from './load/fleet.ts'
import { machineFacts } from './machine.ts'
import { isWhole, parseOptions } from './options.ts'
import { renderReport } from './report.ts'
import { findHaproxy } from './subjects/haproxy.ts'
import { findNginx } from './subjects/nginx.ts'
import { fetchNode24 } from './subjects/node24.ts'
import { fetchNpmGates } from './subjects/npm-gates.ts'
import { posternSubject } from './subjects/postern.ts'
import type { Curves } from './cases/curve.ts'
import type { Measurement, Rig } from './cases/rig.ts'
import type { BenchOptions, CaseName, Size } from './options.ts'
import type { Found, Subject } from './subjects/subject.ts'

interface Field {
  readonly subjects: readonly Subject[]
  readonly versions: Readonly<Record<string, string>>
  readonly missing: readonly string[]
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// A session is two descriptors in the server; the rest is listeners, files and slack.
const descriptorsSpare = 500

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`)
}

/** The mail servers of npm, when a case is wanted in which they can take part. */
function fetchWanted({ cases, subjects }: BenchOptions): readonly (readonly [string, Found])[] {
  const takesPart = cases.includes('refusals') || cases.includes('sessions')
  return takesPart ? fetchNpmGates(join(root, '.tmp', 'npm-gates'), subjects) : []
}

/** Finds what can be measured here, and says loudly what cannot. */
function gatherField(options: BenchOptions): Field {
  const subjects: Subject[] = []
  const versions: Record<string, string> = { Node: process.version }
  const missing: string[] = []
  for (const [name, found] of [
    ['nginx', findNginx()] as const,
    ['haproxy', findHaproxy()] as const,
    ...fetchWanted(options),
  ]) {
    if (found.kind === 'missing') missing.push(`${name} (${found.why})`)
    else {
      subjects.push(...found.subjects)
      versions[name] = found.version
    }
  }
  const built = join(root, 'dist', 'cli', 'main.js')
  const major = process.versions.node.split('.')[0] ?? ''
  const node = process.execPath
  if (!existsSync(built)) missing.push('Postern (dist is not built; npm run build)')
  else {
    subjects.push(
      posternSubject({ id: 'postern', label: `Postern, Node ${major}`, node, main: built }),
    )
    if (options.isNode24Wanted) {
      const node24 = fetchNode24(join(root, '.tmp', 'node24'))
      if (node24 === undefined) missing.push('Postern on Node 24 (npm could not fetch it)')
      else {
        versions['Node 24'] = node24.version
        const label = 'Postern, Node 24'
        subjects.push(
          posternSubject({ id: 'postern-node24', label, node: node24.path, main: built }),
        )
      }
    }
  }
  if (options.rival !== undefined) {
    const rival = resolve(options.rival)
    subjects.push(posternSubject({ id: 'rival', label: 'rival build', node, main: rival }))
  }
  for (const text of missing) say(`NOT MEASURED: ${text}`)
  const wanted = options.subjects
  const chosen = subjects.filter(({ id }) => wanted === undefined || wanted.includes(id))
  return { subjects: chosen, versions, missing }
}

async function runCase(name: Exclude<CaseName, 'curve'>, rig: Rig): Promise<void> {
  switch (name) {
    case 'refusals':
    case 'sessions':
      return measureRush(rig, { kind: name, workers: 1 })
    case 'workers':
      await measureRush(rig, { kind: 'refusals', workers: 2 })
      return measureRush(rig, { kind: 'sessions', workers: 2 })
    case 'fairness':
      return measureFairness(rig)
    case 'bytes':
      return measureBytes(rig)
    case 'logins':
      return measureLogins(rig)
    case 'idle':
      return measureIdle(rig, 'idle')
    case 'idle-login':
      await measureIdle(rig, 'idle-login')
      return measureIdle(rig, 'idle-login-tls')
  }
}

function tellAims(measurements: readonly Measurement[]): void {
  for (const judged of judge(measurements)) {
    const { text, subjectId, besideId, sense, bound, ratio, isReached, isOwn } = judged
    const beside = isOwn === true ? 'itself' : besideId
    const measured = `${ratio.median.toFixed(2)}× ${beside} (${sense} ${bound}×)`
    say(`${isReached ? 'reached' : 'MISSED '} ${subjectId}: ${text} ${measured}`)
  }
}

/** The lab, and the size as far as the descriptors here allow it. */
function prepare(options: BenchOptions, workplace: string): { lab: Lab; size: Size } {
  const { size } = options
  const sessionsMax = Math.max(size.idleSessions, ...size.curveSessions)
  const lab = createLab(workplace, sessionsMax * 2 + descriptorsSpare)
  // Each of the load processes holds half of the clients of four servers in the curve, and each of
  // the servers behind the sessions of two: as many as a gate that relays.
  const isFor = (wanted: number, max: number): number => {
    const allowed = Math.floor((max - descriptorsSpare) / 2)
    if (allowed < wanted) say(`the descriptor limit allows ${allowed} of ${wanted} idle sessions`)
    return Math.min(wanted, allowed)
  }
  const curveMax = Math.min(lab.descriptorMax, lab.loadDescriptorMax)
  const curveSessions = new Set(size.curveSessions.map((wanted) => isFor(wanted, curveMax)))
  return {
    lab,
    size: {
      ...size,
      idleSessions: isFor(size.idleSessions, lab.descriptorMax),
      curveSessions: [...curveSessions],
    },
  }
}

async function measureCurves(rig: Rig): Promise<Curves> {
  const keys = measureKeyCurve(root, rig)
  return { keys, sessions: await measureSessionCurve(rig) }
}

async function measure(options: BenchOptions): Promise<void> {
  const workplace = join(root, '.tmp', 'bench')
  const { lab, size } = prepare(options, workplace)
  const field = gatherField(options)
  const measurements: Measurement[] = []
  let curves: Curves | undefined
  const fleet = await startFleet()
  const record = (measurement: Measurement): void => {
    measurements.push(measurement)
  }
  try {
    const rig: Rig = { lab, fleet, size, subjects: field.subjects, say, record }
    for (const name of options.cases) {
      if (name === 'curve') curves = await measureCurves(rig)
      else await runCase(name, rig)
    }
  } finally {
    await fleet.stop()
  }
  if (isWhole(options)) say('prefix lookups')
  const lookups = isWhole(options) ? measureLookups(root) : []
  const date = new Date().toISOString().slice(0, 10)
  const facts = machineFacts(field.versions)
  const report = { ...field, date, facts, size, measurements, lookups, ...(curves && { curves }) }
  const { page: text, pictures } = renderReport(report)
  const page = await format(text, { parser: 'markdown' })
  const rounds = join(workplace, 'rounds.json')
  writeFileSync(
    rounds,
    `${JSON.stringify({ date, facts, size, measurements, lookups, curves }, undefined, 2)}\n`,
  )
  const isPublished = isWhole(options) && field.missing.length === 0
  const folder = isPublished ? join(root, 'docs') : workplace
  const target = join(folder, 'benchmarks.md')
  writeFileSync(target, page)
  mkdirSync(join(folder, 'benchmarks'), { recursive: true })
  for (const [name, picture] of pictures) {
    writeFileSync(join(folder, 'benchmarks', name), picture)
  }
  tellAims(measurements)
  say(`wrote ${target}`)
  if (!isPublished) process.stdout.write(page)
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (typeof options === 'string') {
    process.stderr.write(options)
    process.exitCode = process.argv.includes('--help') ? 0 : 2
    return
  }
  // Leaving through exit ends every server of the run, however the run is stopped.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const startedMs = performance.now()
  await measure(options)
  say(`took ${Math.round((performance.now() - startedMs) / 1000)} s`)
}

await main()
