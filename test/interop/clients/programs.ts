// What the clients of `table.ts` need on the machine.

import { spawnSync } from 'node:child_process'

export const clientPrograms = [
  'dovecot',
  'doveadm',
  'postfix',
  'curl',
  'mbsync',
  'fetchmail',
  'mutt',
  'swaks',
  'msmtp',
  'python3',
  'script',
] as const

export const clientPackages = [
  'dovecot-imapd',
  'dovecot-pop3d',
  'postfix',
  'curl',
  'isync',
  'fetchmail',
  'mutt',
  'swaks',
  'msmtp',
  'python3',
  'libsasl2-modules',
  'bsdutils',
] as const

/** True when all of them can be run here; Dovecot and Postfix need root. */
export function haveClients(): boolean {
  return process.getuid?.() === 0 && clientPrograms.every(isThere)
}

function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0
}
