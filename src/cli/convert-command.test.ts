// `postern convert` from flags to output and exit code.

import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommandLine } from './command-line.ts'

let directory = ''
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'postern-convert-')))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

async function call(...args: readonly string[]) {
  let [out, err] = ['', '']
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: {},
    cwd: directory,
    invocation: 'postern',
    isColorOut: false,
    isColorErr: false,
  })
  return { code, out, err }
}

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text)
}

const sayable = 'ESMTP_Listener { Upstream = "127.0.0.1:26" Idle_Time = 60 Listen ":25" {} }\n'
const unsayable = `${sayable}ESMTP_Listener "two" { Listen ":26" { Upstream = "127.0.0.1:27" SMTP_Extensions = () } }\n`

describe('postern convert', () => {
  it('prints a text of the other language that loads, with where it is from', async () => {
    write('a.conf', sayable)
    const { code, out, err } = await call('convert', '--to', 'nginx', 'a.conf')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('# Made by: postern convert --to nginx a.conf')
    expect(out).toContain('idle_time 1m;')
    write('b.conf', out)
    expect((await call('check', 'b.conf')).code).toBe(0)
  })

  it('prints nothing, and the list, when something cannot be said', async () => {
    write('a.conf', unsayable)
    const { code, out, err } = await call('convert', '--to', 'nginx', 'a.conf')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('postern: not said: a.conf:2: ')
    expect(err).toContain('--partial prints the rest')
  })

  it('prints the rest with --partial, and the list in the text, too', async () => {
    write('a.conf', unsayable)
    const { code, out, err } = await call('convert', '--to', 'nginx', 'a.conf', '--partial')
    expect(code).toBe(0)
    expect(err).toContain('not said')
    expect(out).toMatch(/^# NOT SAID below[^]*^# - a\.conf:2: /m)
  })

  it('answers data with --json, and the same exit code', async () => {
    write('a.conf', unsayable)
    const { code, out } = await call('convert', '--to', 'nginx', 'a.conf', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ notSaid: [{ span: { line: 2 } }] })
  })

  it('writes into a file, and never into the one it reads', async () => {
    write('a.conf', sayable)
    expect((await call('convert', '--to', 'nginx', 'a.conf', '-o', 'b.conf')).code).toBe(0)
    expect(readFileSync(join(directory, 'b.conf'), 'utf8')).toContain('proxy_pass 127.0.0.1:26;')
    const { code } = await call('convert', '--to', 'nginx', 'a.conf', '-o', 'a.conf')
    expect(code).toBe(2)
    expect(readFileSync(join(directory, 'a.conf'), 'utf8')).toBe(sayable)
  })

  it('is exit code 1 for a file that is wrong, and 2 for a call that is', async () => {
    write('a.conf', 'Idle_Tme = 1')
    expect((await call('convert', '--to', 'nginx', 'a.conf')).code).toBe(1)
    expect((await call('convert', '--to', 'exim', 'a.conf')).code).toBe(2)
    expect((await call('convert', 'a.conf')).code).toBe(2)
  })
})

describe('words of the language of the file', () => {
  it('are those of nginx in what check and explain say of an nginx text', async () => {
    const text =
      'events { } mail { server { listen 25; proxy_pass 127.0.0.1:26; service_sessions 5; } }'
    write('n.conf', text)
    expect((await call('check', 'n.conf')).out).toMatch(/5 +service_sessions/)
    const { out } = await call('explain', '-c', 'n.conf', '--listen', ':25', '--from', '10.0.0.1')
    expect(out).toContain('proxy_pass')
    expect(out).not.toContain('Upstream')
  })
})
