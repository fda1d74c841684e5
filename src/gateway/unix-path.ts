// Puts a Unix socket at its path: never over somebody who listens there or over a file, and never
// reachable, not even for a moment, by more users than File_Mode allows.

import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { PosternError } from '../base/errors.ts'
import { errnoName } from './errno.ts'

// sun_path has 108 bytes on Linux, the last one ends the string.
const socketPathBytesMax = 107

/** A socket file that is ours: which inode it was when it was put there. */
export interface OwnedPath {
  readonly path: string
  readonly device: number
  readonly inode: number
}

/** A directory nobody else can enter, beside the final path, where the socket is bound first. */
export interface Cradle {
  readonly directory: string
  readonly socketPath: string
}

/** Rejects when the path is taken; a socket file that nobody listens on is no hindrance. */
export async function requireFreePath(path: string, label: string): Promise<void> {
  const stats = statOf(path)
  if (stats === undefined) return
  if (!stats.isSocket()) {
    const text = `${label}: ${path} exists and is not a socket; move it away or choose another path`
    throw new PosternError('gateway.not_a_socket', text, { fields: { path } })
  }
  if (await isLive(path)) {
    const text = `${label}: another process listens on ${path}; stop it or choose another path`
    throw new PosternError('gateway.address_in_use', text, { fields: { path } })
  }
}

export function makeCradle(path: string, label: string): Cradle {
  const prefix = join(dirname(path), '.p')
  // mkdtemp adds six characters, and "/s" is the socket.
  if (Buffer.byteLength(prefix) + '123456/s'.length > socketPathBytesMax) {
    const text = `${label}: the directory of ${path} is too long for a Unix socket`
    throw new PosternError('gateway.path_too_long', text, { fields: { path } })
  }
  const directory = mkdtempSync(prefix)
  return { directory, socketPath: join(directory, 's') }
}

/** Sets the mode, then moves the socket to its path, over a stale one if there is one. */
export function settle(cradle: Cradle, path: string, mode: number): OwnedPath {
  chmodSync(cradle.socketPath, mode)
  const stats = lstatSync(cradle.socketPath)
  renameSync(cradle.socketPath, path)
  removeCradle(cradle)
  return { path, device: stats.dev, inode: stats.ino }
}

export function removeCradle(cradle: Cradle): void {
  rmSync(cradle.directory, { recursive: true, force: true })
}

/** Removes the socket file, unless somebody else has put another one there since. */
export function removeOwned(owned: OwnedPath): void {
  if (!isOwned(owned)) return
  try {
    unlinkSync(owned.path)
  } catch {
    // It went away by itself, or the directory is not ours any more: a stale file hinders nobody.
  }
}

export function isOwned(owned: OwnedPath): boolean {
  const stats = statOf(owned.path)
  return stats !== undefined && stats.dev === owned.device && stats.ino === owned.inode
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

/** Asks by connecting; an answer of any kind but "refused" or "gone" means somebody is there. */
async function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe: Socket = connect({ path })
    probe.on('error', (error) => {
      const name = errnoName(error)
      resolve(name !== 'ECONNREFUSED' && name !== 'ENOENT')
    })
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
  })
}
