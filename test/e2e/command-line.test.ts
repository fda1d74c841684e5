// The calls of the program that end by themselves: testing, checking, explaining, and calls that are
// wrong (CONTRACT.md, "Command line").

import { createServer } from 'node:net'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Place } from './kit/place.ts'
import { runProgram } from './kit/process.ts'
import type { Output } from './kit/process.ts'
import { twoConfigurations } from './kit/two-configurations.ts'

let place: Place

beforeEach(async () => {
  place = await twoConfigurations()
  return () => place.remove()
})

/** Runs the program in the place. */
function postern(...args: readonly string[]): Promise<Output> {
  return runProgram(args, { cwd: place.directory })
}

describe('version and help', () => {
  it('-v prints the version on standard error', async () => {
    const { code, stdout, stderr } = await postern('-v')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^postern version: postern\/\d+\.\d+\.\d+\n$/)
  })

  it('-V adds what it is built with', async () => {
    const { code, stdout, stderr } = await postern('-V')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^postern version: postern\/\d+\.\d+\.\d+\n/)
    expect(stderr).toContain(`Node.js ${process.versions.node}`)
    expect(stderr).toContain(`OpenSSL ${process.versions.openssl}`)
  })

  it.each(['-h', '-?', '--help'])('%s prints every flag and every command', async (flag) => {
    const { code, stdout } = await postern(flag)
    expect(code).toBe(0)
    for (const word of ['-c', '-p', '-e', '-g', '-t', '-T', '-q', '-s', '-v', '-V']) {
      expect(stdout).toMatch(new RegExp(`^ +${word}\\b`, 'm'))
    }
    for (const word of ['run', 'demo', 'check', 'explain', 'sessions', 'status', 'help']) {
      expect(stdout).toMatch(new RegExp(`^ +${word} `, 'm'))
    }
  })

  it('help lists the commands, and each has help of its own', async () => {
    const { code, stdout } = await postern('help')
    expect(code).toBe(0)
    const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1] ?? '')
    expect(names).toEqual(expect.arrayContaining(['run', 'demo', 'check', 'explain', 'sessions']))
    for (const name of names.filter((listed) => listed !== 'help')) {
      const own = await postern(name, '--help')
      expect(own.code).toBe(0)
      expect(own.stdout).toContain(`Usage: postern ${name} [`)
      expect((await postern('help', name)).stdout).toBe(own.stdout)
    }
  })
})

describe('a call that is wrong', () => {
  it.each([
    { args: ['chekc'], says: 'Did you mean "check"?' },
    { args: ['frobnicate'], says: 'postern help lists them' },
    { args: ['-Z'], says: "unknown option '-Z'" },
    { args: ['-s', 'restart'], says: 'invalid option: "-s restart"' },
    { args: ['-c'], says: '-c' },
    { args: ['check', '--jsno'], says: '--json' },
    { args: ['check', 'postern.conf', '-c', 'postern.conf'], says: 'given twice' },
    { args: ['check', '--json', '--print'], says: 'exclude each other' },
    { args: ['explain', '--listen', ':25'], says: '--from' },
    { args: ['explain', '--listen', ':26', '--from', '10.0.0.1'], says: 'no Listen :26' },
    { args: ['explain', '--listen', ':25', '--from', 'nobody'], says: '"nobody"' },
  ])('$args exits with 2 and says what', async ({ args, says }) => {
    const real = args.map((arg) => (arg === ':25' ? `:${place.portFor(25)}` : arg))
    const { code, stdout, stderr } = await postern(...real)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(says)
  })
})

describe('-t and -T', () => {
  it('-t says on standard error that a right configuration is right', async () => {
    const { code, stdout, stderr } = await postern('-t', '-c', 'postern.conf')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    const file = place.path('postern.conf')
    expect(stderr).toContain(`postern: the configuration file ${file} syntax is ok\n`)
    expect(stderr).toContain(`postern: configuration file ${file} test is successful\n`)
  })

  it('-t reports every error with its place and exits with 1', async () => {
    const { code, stderr } = await postern('-t', '-c', 'broken.conf')
    expect(code).toBe(1)
    expect(stderr).toMatch(/broken\.conf:2:\d+/)
    expect(stderr).toMatch(/broken\.conf:4:\d+/)
    expect(stderr).toMatch(/did you mean "?Service_Sessions/i)
    expect(stderr).toContain('test failed')
  })

  it('-t -q is silent about what is right', async () => {
    expect(await postern('-t', '-q', '-c', 'postern.conf')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect((await postern('-t', '-q', '-c', 'broken.conf')).code).toBe(1)
  })

  it('-T prints every file read', async () => {
    place.writeText('outer.conf', 'include "postern.conf"\n')
    const { code, stdout } = await postern('-T', '-c', 'outer.conf')
    expect(code).toBe(0)
    expect(stdout).toContain(`# configuration file ${place.path('outer.conf')}:\ninclude`)
    expect(stdout).toContain(`# configuration file ${place.path('postern.conf')}:\nESMTP_Listener`)
    expect(stdout).toContain('Service_Sessions=5')
  })

  it('-t binds nothing: it works while the ports are in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(place.portFor(25), resolve)
    })
    onTestFinished(() => void server.close())
    expect((await postern('-t', '-c', 'postern.conf')).code).toBe(0)
  })

  it('-p is what a relative -c is relative to', async () => {
    const args = ['-t', '-p', place.directory, '-c', 'postern.conf']
    expect((await runProgram(args, { cwd: '/' })).code).toBe(0)
    expect((await runProgram(['-t', '-c', 'postern.conf'], { cwd: '/' })).code).toBe(1)
  })

  it('a file that is not there is named', async () => {
    const { code, stderr } = await postern('-t', '-c', 'missing.conf')
    expect(code).toBe(1)
    expect(stderr).toContain(`"${place.path('missing.conf')}" failed (2: No such file`)
  })

  it.each([
    { directives: 'pid x.pid', says: 'expecting ";"' },
    { directives: 'pidd x.pid;', says: 'did you mean "pid"' },
    { directives: 'error_log x.log loud;', says: 'invalid log level "loud"' },
  ])('-g "$directives" is refused in nginx’s words', async ({ directives, says }) => {
    const { code, stderr } = await postern('-t', '-c', 'postern.conf', '-g', directives)
    expect(code).toBe(1)
    expect(stderr).toContain('[emerg]')
    expect(stderr).toContain(says)
  })
})

describe('-s without a daemon', () => {
  it.each(['stop', 'quit', 'reload', 'reopen'])(
    '%s exits with 1 and names the pid file',
    async (word) => {
      const { code, stderr } = await postern('-s', word, '-c', 'postern.conf')
      expect(code).toBe(1)
      expect(stderr).toContain(`open() "${place.path('postern.pid')}" failed (2: No such file`)
    },
  )
})
