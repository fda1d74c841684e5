// The directives of the main block: what the daemon itself needs.

import type { Sourced } from '../../base/diagnostic.ts'
import { workersMax } from '../../policy/defaults.ts'
import type { DaemonOptions } from '../../policy/policy.ts'
import type { CheckedDirective } from './checked.ts'
import { spanOf } from './draft.ts'
import { errorLogsOf } from './error-log-value.ts'
import type { Lowering } from './draft.ts'
import type { BlockView } from './block-view.ts'
import type { Report } from './report.ts'

export function lowerDaemon(view: BlockView, { report }: Lowering): DaemonOptions {
  const daemon = view.last('daemon')
  const format = view.last('log_format')
  const pidFile = pidFileOf(view.last('pid'), report)
  const workers = workersOf(view.last('worker_processes'), report)
  const errorLogs = errorLogsOf(view)
  return {
    ...(pidFile === undefined ? {} : { pidFile }),
    ...(errorLogs === undefined ? {} : { errorLogs }),
    ...(format?.value.kind === 'choice'
      ? { logFormat: { value: formatOf(format.value.choice), span: spanOf(format) } }
      : {}),
    ...(workers === undefined ? {} : { workers }),
    ...openFilesOf(view.last('worker_rlimit_nofile')),
    ...shutdownTimeoutOf(view.last('worker_shutdown_timeout')),
    ...(daemon?.value.kind === 'flag'
      ? { isDetached: { value: daemon.value.isOn, span: spanOf(daemon) } }
      : {}),
    ...adminOf(view),
  }
}

type AdminOptions = Pick<
  DaemonOptions,
  'admin' | 'adminTokenFile' | 'adminCertificate' | 'adminKey'
>

function adminOf(view: BlockView): AdminOptions {
  const admin = view.last('admin')
  return {
    ...(admin?.value.kind === 'endpoint'
      ? { admin: { value: admin.value.endpoint, span: spanOf(admin) } }
      : {}),
    ...textOption(view, 'admin_token_file', 'adminTokenFile'),
    ...textOption(view, 'admin_certificate', 'adminCertificate'),
    ...textOption(view, 'admin_certificate_key', 'adminKey'),
  }
}

function textOption<K extends string>(
  view: BlockView,
  directive: string,
  key: K,
): { readonly [P in K]?: Sourced<string> } {
  const found = view.last(directive)
  if (found?.value.kind !== 'text') return {}
  const sourced = { value: found.value.text, span: spanOf(found) }
  return { [key]: sourced } as { readonly [P in K]?: Sourced<string> } // the one key it has
}

function openFilesOf(found: CheckedDirective | undefined): Pick<DaemonOptions, 'openFiles'> {
  if (found?.value.kind !== 'number') return {}
  return { openFiles: { value: found.value.number, span: spanOf(found) } }
}

/** 0 is no limit, in nginx too. */
function shutdownTimeoutOf(
  found: CheckedDirective | undefined,
): Pick<DaemonOptions, 'shutdownTimeout'> {
  if (found?.value.kind !== 'duration') return {}
  const { ms } = found.value
  return { shutdownTimeout: { value: ms === 0 ? {} : { ms }, span: spanOf(found) } }
}

function formatOf(choice: string): 'nginx' | 'json' {
  return choice === 'json' ? 'json' : 'nginx'
}

function pidFileOf(
  found: CheckedDirective | undefined,
  report: Report,
): Sourced<string> | undefined {
  if (found?.value.kind !== 'text') return undefined
  const span = spanOf(found)
  if (found.value.text !== 'off') return { value: found.value.text, span }
  report.error({
    code: 'nginx.not_in_this_version',
    message: '"pid off" is not in this version of Postern',
    span,
    hint: 'name a file: its presence says that the daemon is ready',
  })
  return undefined
}

function workersOf(
  found: CheckedDirective | undefined,
  report: Report,
): Sourced<number | 'auto'> | undefined {
  if (found === undefined) return undefined
  const span = spanOf(found)
  if (found.value.kind !== 'number') return { value: 'auto', span }
  const { number } = found.value
  if (number >= 1 && number <= workersMax) return { value: number, span }
  report.error({
    code: 'nginx.bad_value',
    message: `"worker_processes ${number}" is not possible: it is 1 to ${workersMax}`,
    span,
    hint: 'write auto: one per processor',
  })
  return undefined
}
