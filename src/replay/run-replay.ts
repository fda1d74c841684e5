// A replay from start to end: finds out how long sessions last, puts the files in order, and runs
// them through an engine.

import { PosternError } from '../base/errors.ts'
import type { Policy } from '../policy/policy.ts'
import { LengthScan } from './lengths.ts'
import { Replay } from './replay.ts'
import type { ReplayRefusal } from './replay.ts'
import { readTrace, sizeOfTrace } from './trace-reader.ts'
import type { TraceHeader, TraceListen, TraceVisitor } from './trace.ts'

export interface ReplayRequest {
  readonly files: readonly string[]
  readonly policy: Policy
  readonly listenOf: (listen: TraceListen) => string | undefined
  /** Given by the operator; absent: the median of the Listen. */
  readonly assumedMs?: number
  readonly retryMs: number
  readonly onRefusal?: (refusal: ReplayRefusal) => void
  /** How much is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void
}

export interface TraceFile {
  readonly path: string
  readonly header: TraceHeader
}

export interface ReplayRun {
  readonly replay: Replay
  readonly files: readonly TraceFile[]
  /** Files that end in the middle of a line. */
  readonly cutFiles: readonly string[]
  /** Files before which some of the same record are missing. */
  readonly gapsBefore: readonly string[]
  /** What was assumed, by Listen of the trace. */
  readonly assumedMs: ReadonlyMap<string, number>
}

/** Without any session that ended, nothing is known; a mail session of a minute is long. */
const unknownLengthMs = 60_000
/** What the first reading costs of the whole. */
const scanShare = 0.2

export async function runReplay(request: ReplayRequest): Promise<ReplayRun> {
  const files = await inOrder(request.files)
  const progress = progressOf(request)
  const scan = request.assumedMs === undefined ? await scanLengths(files, progress) : undefined
  const assumedMs = new Map<string, number>()
  const replay = new Replay({
    policy: request.policy,
    listenOf: request.listenOf,
    retryMs: request.retryMs,
    assumedMs: (listen) => {
      const known = assumedMs.get(listen.id)
      if (known !== undefined) return known
      const length = request.assumedMs ?? scan?.medianMs(listen.id) ?? unknownLengthMs
      assumedMs.set(listen.id, length)
      return length
    },
    ...(request.onRefusal === undefined ? {} : { onRefusal: request.onRefusal }),
  })
  const share = scan === undefined ? 1 : 1 - scanShare
  const cutFiles: string[] = []
  for (const { path } of files) {
    const { isCut } = await readTrace(path, replay, { onBytes: (count) => progress(count, share) })
    if (isCut) cutFiles.push(path)
  }
  return { replay, files, cutFiles, gapsBefore: gapsBefore(files), assumedMs }
}

async function scanLengths(
  files: readonly TraceFile[],
  progress: (bytes: number, share: number) => void,
): Promise<LengthScan> {
  const scan = new LengthScan()
  for (const { path } of files) {
    await readTrace(path, scan, { onBytes: (count) => progress(count, scanShare) })
  }
  return scan
}

function progressOf({ files, onProgress }: ReplayRequest): (bytes: number, share: number) => void {
  const total = files.reduce((sum, path) => sum + sizeOfTrace(path), 0)
  let done = 0
  return (bytes, share) => {
    done += (bytes / Math.max(1, total)) * share
    onProgress?.(Math.min(1, done))
  }
}

/** By record, and in each as they were written, whatever order they were given in. */
async function inOrder(paths: readonly string[]): Promise<readonly TraceFile[]> {
  const files: TraceFile[] = []
  for (const path of paths) files.push({ path, header: await headerOf(path) })
  return files.toSorted(
    (a, b) => a.header.startMs - b.header.startMs || a.header.part - b.header.part,
  )
}

function gapsBefore(files: readonly TraceFile[]): readonly string[] {
  return files.flatMap(({ path, header }, at) => {
    const before = files[at - 1]?.header
    const isGap = before?.record === header.record && before.part !== header.part - 1
    return isGap ? [path] : []
  })
}

class HeaderSeen extends Error {}

async function headerOf(path: string): Promise<TraceHeader> {
  let found: TraceHeader | undefined
  const stop = (): never => {
    throw new HeaderSeen()
  }
  const only: TraceVisitor = {
    header: (header) => {
      found = header
    },
    begin: stop,
    openAtStart: stop,
    started: stop,
    accepted: stop,
    opened: stop,
    authenticated: stop,
    refused: stop,
    closed: stop,
    replaced: stop,
    lost: stop,
    ended: stop,
  }
  await readTrace(path, only).catch((error: unknown) => {
    // Whatever is wrong behind the header is told when the file is read.
    if (found === undefined) throw error
  })
  if (found === undefined) throw new PosternError('replay.bad_trace', `${path}: no header`)
  return found
}
