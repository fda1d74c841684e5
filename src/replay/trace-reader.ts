// Reads the files of a trace, plain or packed, and shows their lines to a visitor.

import { createReadStream, openSync, readSync, closeSync, statSync } from 'node:fs'
import { pipeline, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PosternError } from '../base/errors.ts'
import { TraceDecoder } from './trace-decoder.ts'
import { lineLengthMax } from './trace.ts'
import type { TraceVisitor } from './trace.ts'

/** What there is to say about a file that was read to its end. */
export interface ReadOutcome {
  readonly lineCount: number
  /** The file ends in the middle of a line, as that of a recorder that was killed. */
  readonly isCut: boolean
}

export interface ReadOptions {
  /** Called with the number of bytes read from the file since the last call. */
  readonly onBytes?: (count: number) => void
}

const readSize = 256 * 1024
/** First bytes of a gzip file (RFC 1952). */
const gzipMagic = 0x1f8b
const lineEnd = 0x0a

/** Reads one file; rejects with a PosternError that names file and line. */
export async function readTrace(
  path: string,
  visitor: TraceVisitor,
  options: ReadOptions = {},
): Promise<ReadOutcome> {
  const decoder = new TraceDecoder(path, visitor)
  const isGzip = isPacked(path)
  const source = createReadStream(path, { highWaterMark: readSize })
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      options.onBytes?.(chunk.length)
      done(null, chunk)
    },
  })
  const stages = isGzip
    ? [source, counted, createGunzip({ chunkSize: readSize })]
    : [source, counted]
  // Errors come out of the last stage, where they are caught.
  const chunks = pipeline(stages, () => {}) as unknown as AsyncIterable<Buffer>
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of chunks) {
      const block: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const end = block.lastIndexOf(lineEnd) + 1
      if (end > 0) readLines(block.toString('utf8', 0, end), decoder)
      rest = block.subarray(end)
      if (rest.length > lineLengthMax) throw decoder.error('the line is too long for a trace')
    }
  } catch (error) {
    if (!isCutPack(error)) throw readError(path, error)
    return finish(decoder, true)
  }
  return finish(decoder, rest.length > 0)
}

function finish(decoder: TraceDecoder, isCut: boolean): ReadOutcome {
  if (decoder.lineNumber === 0) {
    throw decoder.error(isCut ? 'this is no trace of Postern' : 'the file is empty')
  }
  return { lineCount: decoder.lineNumber, isCut }
}

function readLines(block: string, decoder: TraceDecoder): void {
  let start = 0
  for (;;) {
    const end = block.indexOf('\n', start)
    if (end < 0) return
    decoder.line(block, start, end)
    start = end + 1
  }
}

export function sizeOfTrace(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    throw readError(path, error)
  }
}

function isPacked(path: string): boolean {
  const start = Buffer.alloc(2)
  try {
    const descriptor = openSync(path, 'r')
    try {
      readSync(descriptor, start, 0, 2, 0)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw readError(path, error)
  }
  return start.readUInt16BE() === gzipMagic
}

/** A packed file whose end is missing. */
function isCutPack(error: unknown): boolean {
  return error instanceof Error && error.message === 'unexpected end of file'
}

function readError(path: string, error: unknown): unknown {
  if (PosternError.is(error)) return error
  const why = error instanceof Error ? error.message : String(error)
  return new PosternError('replay.unreadable', `${path}: ${why}`, { cause: error })
}
