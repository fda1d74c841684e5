// The text of `-g`, and nginx's words for what is wrong with it.

import { describe, expect, it } from 'vitest'
import { parseGlobalDirectives } from './global-directives.ts'

describe('the directives of -g', () => {
  it('reads each directive that a daemon needs', () => {
    const text =
      'pid /run/p.pid; error_log "logs/a b.log" info; error_log stderr; worker_processes 1; daemon off;'
    expect(parseGlobalDirectives(text)).toEqual({
      globals: {
        pidFile: '/run/p.pid',
        errorLogs: [
          { path: 'logs/a b.log', level: 'info' },
          { path: 'stderr', level: 'error' },
        ],
        workers: 1,
        isDaemon: false,
      },
    })
  })

  it('reads nothing from nothing', () => {
    expect(parseGlobalDirectives('  ')).toEqual({ globals: { errorLogs: [] } })
  })

  it.each([
    ['pid a', 'unexpected end of parameter, expecting ";" in command line'],
    ['pid a; pid b;', '"pid" directive is duplicate in command line'],
    ['error_log a loud;', 'invalid log level "loud" in command line'],
    ['deamon off;', 'unknown directive "deamon" in command line\n  = did you mean "daemon"?'],
    ['events {}', 'block directives are not supported in -g option in command line'],
    ['daemon maybe;', 'it must be "on" or "off" in command line'],
    ['pid off;', '"pid off" is not in this version of Postern in command line'],
    ['admin 127.0.0.1:8025;', '"admin" directive is not supported in -g option in command line'],
    ['log_format json;', '  = write it into the configuration file'],
    ['worker_processes 0;', 'it is 1 to 256 in command line'],
  ])('refuses %s', (text, problem) => {
    expect(parseGlobalDirectives(text)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('warns of what it does not act on', () => {
    for (const text of ['user mail;']) {
      expect(parseGlobalDirectives(text)).toMatchObject({
        globals: { warnings: [{ code: 'nginx.ignored_directive', severity: 'warning' }] },
      })
    }
  })
})
