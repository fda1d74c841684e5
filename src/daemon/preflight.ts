// What `-t` checks beyond the text, without binding anything: certificates, the name servers that
// are named, and the directories in which a daemon must be able to write.

import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { systemClock } from '../base/clock.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { PosternError } from '../base/errors.ts'
import { errnoText } from '../gateway/errno.ts'
import { findNameServers } from '../gateway/names/name-servers.ts'
import { loadTls } from '../gateway/tls/tls-contexts.ts'
import { loadUpstreamTls } from '../gateway/upstream-tls.ts'
import type { Policy } from '../policy/policy.ts'
import type { DaemonCode } from './codes.ts'
import { stderrPath } from './log-file.ts'
import type { DaemonSettings } from './settings.ts'

/** What would keep a daemon from starting here, as diagnostics. */
export async function preflight(
  policy: Policy,
  settings: DaemonSettings,
  prefix: string,
): Promise<Diagnostic[]> {
  const logFiles = [settings.logTargets, ...settings.listenLogs.map(({ targets }) => targets)]
    .flat()
    .flatMap(({ path, syslog }) => (path === stderrPath || syslog !== undefined ? [] : [path]))
  return [
    ...checkTls(policy, prefix),
    ...checkUpstreamTls(policy, prefix),
    ...(await checkNameServers(policy)),
    ...[...new Set(logFiles)].flatMap((path) => checkAppendable(path)),
    // The pid file is replaced, not written into: its directory is what counts.
    ...checkWritable(dirname(settings.pidFile), settings.pidFile, 'daemon.pid_file'),
  ]
}

function checkTls(policy: Policy, prefix: string): Diagnostic[] {
  try {
    const warnings = loadTls(policy, prefix).warnings(systemClock.wallMs())
    return warnings.map(({ code, text }) => ({ severity: 'warning', code, message: text }))
  } catch (cause) {
    if (!PosternError.is(cause)) throw cause
    return [{ severity: 'error', code: cause.code, message: cause.message }]
  }
}

function checkUpstreamTls(policy: Policy, prefix: string): Diagnostic[] {
  try {
    loadUpstreamTls(policy, prefix)
    return []
  } catch (cause) {
    if (!PosternError.is(cause)) throw cause
    return [{ severity: 'error', code: cause.code, message: cause.message }]
  }
}

async function checkNameServers(policy: Policy): Promise<Diagnostic[]> {
  try {
    await findNameServers(policy)
    return []
  } catch (cause) {
    if (!PosternError.is(cause)) throw cause
    return [{ severity: 'error', code: cause.code, message: cause.message }]
  }
}

function checkAppendable(path: string): Diagnostic[] {
  const isThere = existsSync(path)
  return checkWritable(isThere ? path : dirname(path), path, 'daemon.log_open')
}

/** `path` is what must be writable so that `file` can be written. */
function checkWritable(path: string, file: string, code: DaemonCode): Diagnostic[] {
  try {
    accessSync(path, constants.W_OK)
    return []
  } catch (cause) {
    const message = `open() "${file}" failed (${errnoText(cause)})`
    return [{ severity: 'error', code, message }]
  }
}
