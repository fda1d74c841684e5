// The daemon's own settings: from the file, from the command line, and where both speak.

import { describe, expect, it } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { openFilesLimit } from './open-files.ts'
import { diagnoseSettings, noGlobals } from './settings.ts'
import type { GlobalDirectives } from './settings.ts'

const listener = 'ESMTP_Listener { Upstream = "127.0.0.1:26" Listen ":25" {} }'

function read(text: string, globals: GlobalDirectives = noGlobals, earlyLog?: string) {
  return readConfiguration({
    file: '/etc/p.conf',
    text: `${text}\n${listener}`,
    prefix: '/srv/postern',
    searchPath: [],
    globals,
    ...(earlyLog === undefined ? {} : { earlyLog }),
  })
}

describe('the settings of a daemon', () => {
  it('are files in the prefix and a log on stderr by default', () => {
    expect(read('').settings).toEqual({
      pidFile: '/srv/postern/postern.pid',
      controlSocket: '/srv/postern/postern.sock',
      logTargets: [{ path: 'stderr', level: 'notice', format: 'nginx' }],
      listenLogs: [],
      isDaemon: false,
      workers: 1,
    })
  })

  it('come from the file, relative to the prefix', () => {
    const { settings } = read('PIDFile = "run/p.pid"\nError_Log = "/var/log/p.log info"')
    expect(settings).toMatchObject({
      pidFile: '/srv/postern/run/p.pid',
      controlSocket: '/srv/postern/run/p.sock',
      logTargets: [{ path: '/var/log/p.log', level: 'info' }],
    })
  })

  it("name the logs of each Listen that has its own: its list, or its listener's", () => {
    const { settings } = read(
      'IMAP_Listener { Upstream = "127.0.0.1:26" Error_Log = ( "i.log info" "syslog:server=127.0.0.1" )\n' +
        'Listen ":143" {} Listen ":993" { Error_Log = "stderr" } }',
    )
    const syslog = { host: '127.0.0.1', port: 514, facility: 23, tag: 'postern' }
    expect(settings?.listenLogs).toEqual([
      {
        listenId: '*:143',
        targets: [
          { path: '/srv/postern/i.log', level: 'info', format: 'nginx' },
          { path: 'syslog:server=127.0.0.1', level: 'error', syslog, format: 'nginx' },
        ],
      },
      { listenId: '*:993', targets: [{ path: 'stderr', level: 'error', format: 'nginx' }] },
    ])
  })

  it('take the log of -e when the file names none', () => {
    const paths = (text: string) =>
      read(text, noGlobals, 'logs/e.log').settings?.logTargets.map((target) => target.path)
    expect(paths('')).toEqual(['/srv/postern/logs/e.log'])
    expect(paths('Error_Log = "f.log"')).toEqual(['/srv/postern/f.log'])
  })

  it('write to the logs of -g and of the file, as nginx does', () => {
    const globals = { errorLogs: [{ path: 'g.log', level: 'crit' as const }] }
    expect(read('Error_Log = "f.log"', globals).settings?.logTargets).toEqual([
      { path: '/srv/postern/g.log', level: 'crit', format: 'nginx' },
      { path: '/srv/postern/f.log', level: 'error', format: 'nginx' },
    ])
  })

  it('are wrong where -g and the file name the same thing, in the words of nginx', () => {
    const { policy, diagnostics } = read('PIDFile = "a"', { ...noGlobals, pidFile: 'b' })
    expect(policy).toBeUndefined()
    expect(diagnostics.find((found) => found.severity === 'error')).toMatchObject({
      message: '"pid" directive is duplicate',
      span: { file: '/etc/p.conf', line: 1 },
    })
  })

  it('pass on what is to be said about -g', () => {
    const warning = { severity: 'warning', code: 'nginx.ignored_directive', message: 'x' } as const
    const { policy, diagnostics } = read('', { ...noGlobals, warnings: [warning] })
    expect(policy).toBeDefined()
    expect(diagnostics).toContain(warning)
  })
})

describe('a number of open files that is asked for', () => {
  const asked = { openFiles: { value: 5000, span: { file: '/p.conf', line: 3, column: 1 } } }
  const launch = { prefix: '/', globals: noGlobals }

  it('is warned about where the process may have fewer', () => {
    expect(diagnoseSettings(asked, launch, 1024)).toEqual([
      {
        severity: 'warning',
        code: 'daemon.open_files',
        message: '5000 open files are asked for, and this process may have 1024',
        span: asked.openFiles.span,
        hint: 'only who starts it can raise that: ulimit -n 5000, or LimitNOFILE=5000 in its unit',
      },
    ])
  })

  it('is fine where it may have as many, or where nobody knows', () => {
    expect(diagnoseSettings(asked, launch, 5000)).toEqual([])
    expect(diagnoseSettings(asked, launch, undefined)).toEqual([])
  })

  it('is compared with what the system says of this process', () => {
    expect(openFilesLimit()).toBeGreaterThan(0)
    expect(openFilesLimit('/no/such/file')).toBeUndefined()
  })
})

describe('a configuration that is not there', () => {
  it('is told how to begin', () => {
    const source = { file: '/no/p.conf', prefix: '/', searchPath: [], globals: noGlobals }
    expect(readConfiguration(source).diagnostics).toMatchObject([
      {
        code: 'daemon.no_configuration',
        message: 'open() "/no/p.conf" failed (2: No such file or directory)',
        hint: expect.stringContaining('postern demo'),
      },
    ])
  })
})
