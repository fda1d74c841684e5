// Replaces a file in one step: whoever reads it meanwhile reads the old text or the new one, whole.

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'

/** Nobody but the owner; a daemon that runs as somebody else is let in with chmod and chgrp. */
const newFileMode = 0o600

/**
 * Mode and owner stay, and so does a link to the file. Throws the system's error. The new text is
 * put beside the file first, under a name that only one writer at a time can have.
 */
export function replaceFile(path: string, text: string): void {
  const old = statSync(path, { throwIfNoEntry: false })
  const target = old === undefined ? path : realpathSync(path)
  const draft = `${target}.new`
  const descriptor = openSync(draft, 'wx', newFileMode)
  try {
    writeFileSync(descriptor, text)
    if (old !== undefined) {
      // Only root may give a file away; anybody else owns it already, or cannot replace it well.
      if (process.getuid?.() === 0) fchownSync(descriptor, old.uid, old.gid)
      fchmodSync(descriptor, old.mode & 0o7777)
    }
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
