// The text of `-g`: a few of nginx's global directives, with nginx's words for what is wrong.

import type { LogLevelName } from '../base/log.ts'
import { suggest } from '../base/suggest.ts'
import type { GlobalDirectives } from '../daemon/settings.ts'
import { logLevels } from '../policy/policy.ts'

/** `problem` is what nginx would print after `[emerg]`. */
export type GlobalsResult = { readonly globals: GlobalDirectives } | { readonly problem: string }

interface Draft {
  pidFile?: string
  errorLogs: { path: string; level: LogLevelName }[]
  workers?: number | 'auto'
  isDaemon?: boolean
}

/** Applies the arguments of one directive; answers what is wrong with them. */
type Apply = (draft: Draft, args: readonly string[]) => string | undefined

/** One word of a directive, its end, a bracket of a block, or a quote that is never closed. */
const tokenPattern = /\s+|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([;{}])|([^\s;{}"']+)|(["'])/g
/** nginx's own bound is a page; nobody writes so much on a command line. */
const lengthMax = 4096

/** Reads `pid FILE; error_log FILE LEVEL; worker_processes N; daemon on|off;`. */
export function parseGlobalDirectives(text: string): GlobalsResult {
  if (text.length > lengthMax) return wrong('the directives are too long')
  const draft: Draft = { errorLogs: [] }
  let words: string[] = []
  for (const [, doubleQuoted, singleQuoted, mark, word, openQuote] of text.matchAll(tokenPattern)) {
    if (openQuote !== undefined) return wrong('unexpected end of parameter, expecting a quote')
    if (mark === '{' || mark === '}')
      return wrong('block directives are not supported in -g option')
    if (mark === ';') {
      const problem = applyDirective(draft, words)
      if (problem !== undefined) return wrong(problem)
      words = []
      continue
    }
    const value = word ?? unescape(doubleQuoted ?? singleQuoted)
    if (value !== undefined) words.push(value)
  }
  if (words.length > 0) return wrong('unexpected end of parameter, expecting ";"')
  return { globals: draft }
}

function applyDirective(draft: Draft, words: readonly string[]): string | undefined {
  const [name, ...args] = words
  if (name === undefined) return 'unexpected ";"'
  const apply = directives.get(name)
  if (apply !== undefined) return apply(draft, args)
  const reason = unsupported.get(name)
  if (reason !== undefined) return `"${name}" directive is not supported: ${reason}`
  const close = suggest(name, directives.keys())
  const hint = close === undefined ? '' : ` (did you mean "${close}"?)`
  return `unknown directive "${name}"${hint}`
}

const directives: ReadonlyMap<string, Apply> = new Map([
  ['pid', applyPid],
  ['error_log', applyErrorLog],
  ['worker_processes', applyWorkers],
  ['daemon', applyDaemon],
])

/** What an nginx operator may try, and where it is done instead. */
const unsupported: ReadonlyMap<string, string> = new Map([
  ['user', 'start the daemon as the user it shall run as'],
  ['master_process', 'this version is one process'],
  ['worker_rlimit_nofile', 'set the limit of open files where the daemon is started'],
  ['working_directory', 'start the daemon in its directory, or give it -p'],
])

function applyPid(draft: Draft, args: readonly string[]): string | undefined {
  const [path] = args
  if (path === undefined || args.length !== 1) return argumentCount('pid')
  if (draft.pidFile !== undefined) return '"pid" directive is duplicate'
  if (path === 'off')
    return '"pid off" is not supported: the pid file says that the daemon is ready'
  draft.pidFile = path
  return undefined
}

function applyErrorLog(draft: Draft, args: readonly string[]): string | undefined {
  const [path, written = 'error'] = args
  if (path === undefined || args.length > 2) return argumentCount('error_log')
  const level = logLevels.find((name) => name === written)
  if (level === undefined) return `invalid log level "${written}"`
  if (draft.errorLogs.some((log) => log.path === path)) return '"error_log" directive is duplicate'
  draft.errorLogs.push({ path, level })
  return undefined
}

function applyWorkers(draft: Draft, args: readonly string[]): string | undefined {
  const [written] = args
  if (written === undefined || args.length !== 1) return argumentCount('worker_processes')
  if (draft.workers !== undefined) return '"worker_processes" directive is duplicate'
  if (written !== 'auto' && !/^[1-9][0-9]{0,3}$/.test(written)) {
    return '"worker_processes" directive invalid number'
  }
  draft.workers = written === 'auto' ? 'auto' : Number(written)
  return undefined
}

function applyDaemon(draft: Draft, args: readonly string[]): string | undefined {
  const [written] = args
  if (written === undefined || args.length !== 1) return argumentCount('daemon')
  if (draft.isDaemon !== undefined) return '"daemon" directive is duplicate'
  const value = written.toLowerCase()
  if (value !== 'on' && value !== 'off') {
    return `invalid value "${written}" in "daemon" directive, it must be "on" or "off"`
  }
  draft.isDaemon = value === 'on'
  return undefined
}

function argumentCount(name: string): string {
  return `invalid number of arguments in "${name}" directive`
}

function unescape(quoted: string | undefined): string | undefined {
  return quoted?.replaceAll(/\\(["'\\])/g, '$1')
}

function wrong(problem: string): GlobalsResult {
  return { problem: `${problem} in command line` }
}
