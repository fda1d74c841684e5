// What packaging/ ships, judged by the programs that will read it.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProgram } from './e2e/kit/process.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

function has(command: string, what: string): boolean {
  const isThere = spawnSync(command, ['--version']).error === undefined
  if (!isThere) process.stderr.write(`NOT RUN: ${what}, because ${command} is not installed\n`)
  return isThere
}

const hasSystemd = has('systemd-analyze', 'the check of the systemd unit')
const hasLogrotate = has('/usr/sbin/logrotate', 'the check of the logrotate file')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-packaging-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('packaging', () => {
  it.runIf(hasSystemd)('has a unit that systemd finds nothing wrong with', () => {
    const program = join(folder, 'postern')
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 })
    const unit = join(folder, 'postern.service')
    const text = read('packaging/postern.service')
    expect(text).toContain('ExecStart=/usr/local/bin/postern ')
    writeFileSync(unit, text.replaceAll('/usr/local/bin/postern', program))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], {
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const sockets = join(folder, 'postern.socket')
    writeFileSync(sockets, read('packaging/postern.socket'))
    const both = spawnSync('systemd-analyze', ['verify', '--man=no', sockets, unit], {
      encoding: 'utf8',
    })
    expect([both.status, both.stderr]).toEqual([0, ''])
  })

  it.runIf(hasLogrotate)('has a logrotate file that logrotate can read', () => {
    const { username } = userInfo()
    const text = read('packaging/postern.logrotate')
    expect(text).toContain('create 0640 postern adm')
    const own = join(folder, 'own')
    writeFileSync(join(folder, 'error.log'), 'a line\n')
    writeFileSync(
      own,
      text
        .replace('/var/log/postern/', `${folder}/`)
        .replace('create 0640 postern adm', `create 0640 ${username}`),
      { mode: 0o644 },
    )
    const state = ['-s', join(folder, 'state')]
    const { status, stderr } = spawnSync('/usr/sbin/logrotate', ['-d', ...state, own], {
      encoding: 'utf8',
    })
    expect(stderr).not.toContain('error:')
    expect(stderr).toContain(`considering log ${folder}/error.log`)
    expect(status).toBe(0)
  })

  it('has a configuration that the unit can start with', async () => {
    const places = { '/run/postern': join(folder, 'run'), '/var/log/postern': join(folder, 'log') }
    let text = read('packaging/postern.conf')
    for (const [path, own] of Object.entries(places)) {
      expect(text).toContain(path)
      mkdirSync(own)
      text = text.replaceAll(path, own)
    }
    writeFileSync(join(folder, 'postern.conf'), text)
    const args = ['-t', '-q', '-p', folder, '-c', 'postern.conf']
    expect(await runProgram(args, { cwd: '/' })).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('names in its unit only what the program knows', async () => {
    const unit = read('packaging/postern.service')
    const calls = [...unit.matchAll(/\/usr\/local\/bin\/postern ([^>\n]*)-p \/etc\/postern -c /g)]
    const flags = new Set(calls.map((match) => match[1]?.trim() ?? ''))
    expect([...flags].toSorted()).toEqual(['', '-t -q'])
    const { stdout } = await runProgram(['--help'], { cwd: '/' })
    for (const flag of ['-p <', '-c <', '-t ', '-q ']) expect(stdout).toContain(flag)
  })
})
