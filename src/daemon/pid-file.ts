// The pid file: written once the daemon is ready, removed when it ends, never somebody else's.

import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { PosternError } from '../base/errors.ts'
import { errnoName, errnoText } from '../gateway/errno.ts'

/** What a pid file says. */
export type PidFileContent =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly problem: string }
  | { readonly kind: 'invalid'; readonly text: string }
  | { readonly kind: 'pid'; readonly pid: number }

/** A pid of Linux has at most seven digits; anything longer is not a pid file. */
const pidPattern = /^[1-9][0-9]{0,9}$/
/** As much of a foreign file as is worth showing. */
const shownLengthMax = 32

/** Reads a pid file without judging whether the process lives. */
export function readPidFile(path: string): PidFileContent {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return { kind: 'absent' }
    return { kind: 'unreadable', problem: errnoText(error) }
  }
  if (!pidPattern.test(text)) return { kind: 'invalid', text: text.slice(0, shownLengthMax) }
  return { kind: 'pid', pid: Number(text) }
}

/** Writes the file in one step: a reader sees the old content or the whole new one. */
export function writePidFile(path: string, pid: number): void {
  const temporary = `${path}.${pid}`
  try {
    writeFileSync(temporary, `${pid}\n`, { mode: 0o644 })
    renameSync(temporary, path)
  } catch (cause) {
    removeQuietly(temporary)
    const message = `open() "${path}" failed (${errnoText(cause)})`
    throw new PosternError('daemon.pid_file', message, { cause })
  }
}

/** Removes the file if it still holds this pid: a successor's file is his. */
export function removePidFile(path: string, pid: number): void {
  const content = readPidFile(path)
  if (content.kind === 'pid' && content.pid === pid) removeQuietly(path)
}

/** Is there a process of this number? One that we may not signal counts as alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoName(error) === 'EPERM'
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or not ours to remove: either way there is nothing left to do.
  }
}
