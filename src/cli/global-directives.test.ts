// The text of `-g`, and nginx's words for what is wrong with it.

import { describe, expect, it } from 'vitest'
import { parseGlobalDirectives } from './global-directives.ts'

describe('the directives of -g', () => {
  it('reads each directive that a daemon needs', () => {
    const text =
      'pid /run/p.pid; error_log "logs/a b.log" info; error_log stderr; worker_processes auto; daemon off;'
    expect(parseGlobalDirectives(text)).toEqual({
      globals: {
        pidFile: '/run/p.pid',
        errorLogs: [
          { path: 'logs/a b.log', level: 'info' },
          { path: 'stderr', level: 'error' },
        ],
        workers: 'auto',
        isDaemon: false,
      },
    })
  })

  it('reads nothing from nothing', () => {
    expect(parseGlobalDirectives('  ')).toEqual({ globals: { errorLogs: [] } })
  })

  it.each([
    ['pid a', 'unexpected end of parameter, expecting ";" in command line'],
    ['pid "a;', 'unexpected end of parameter, expecting a quote in command line'],
    ['pid a; pid b;', '"pid" directive is duplicate in command line'],
    ['pid;', 'invalid number of arguments in "pid" directive in command line'],
    ['error_log a loud;', 'invalid log level "loud" in command line'],
    ['error_log a; error_log a info;', '"error_log" directive is duplicate in command line'],
    ['worker_processes 0;', '"worker_processes" directive invalid number in command line'],
    ['deamon off;', 'unknown directive "deamon" (did you mean "daemon"?) in command line'],
    ['events {}', 'block directives are not supported in -g option in command line'],
    [';', 'unexpected ";" in command line'],
  ])('refuses %s', (text, problem) => {
    expect(parseGlobalDirectives(text)).toEqual({ problem })
  })

  it('says where a daemon is given its user instead', () => {
    expect(parseGlobalDirectives('user mail;')).toMatchObject({
      problem: expect.stringContaining('start the daemon as the user'),
    })
  })

  it('refuses a daemon that is neither on nor off', () => {
    expect(parseGlobalDirectives('daemon maybe;')).toMatchObject({
      problem: expect.stringContaining('it must be "on" or "off"'),
    })
  })
})
