// The configuration errors of freenginx's limit_conn (its table 1.2), each as `postern -t` prints
// it: what nginx would have said comes first, byte for byte, then that the test failed, and exit 1.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProgram } from './kit/process.ts'
import type { Output } from './kit/process.ts'

interface Tested extends Output {
  readonly file: string
}

async function test(text: string): Promise<Tested> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-t-'))
  try {
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, text)
    return { ...(await runProgram(['-t', '-c', file], { cwd: folder })), file }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What is tested stands in line 3, in `mail`. */
function inMail(line: string): string {
  return `events { }\nmail {\n${line}\nserver { listen 1143; protocol imap; auth_http 127.0.0.1:9000; }\n}\n`
}

const zone = 'limit_conn_zone $remote_user zone=z:1m;'
const notBound = '"limit_conn_zone" directive is not allowed here'

/** Table 1.2, row by row: what stands in `mail`, and the text; the line is 3 unless it says another. */
const rows: readonly (readonly [line: string, text: string, at?: number])[] = [
  ['limit_conn_zone $remote_user zone=z;', 'invalid zone size "zone=z"'],
  ['limit_conn_zone $remote_user zone=z:;', 'invalid zone size "zone=z:"'],
  ['limit_conn_zone $remote_user zone=z:abc;', 'invalid zone size "zone=z:abc"'],
  ['limit_conn_zone $remote_user zone=z:1g;', 'invalid zone size "zone=z:1g"'],
  ['limit_conn_zone $remote_user zone=z:-1;', 'invalid zone size "zone=z:-1"'],
  ['limit_conn_zone $remote_user zone=z:31k;', 'zone "zone=z:31k" is too small'],
  ['limit_conn_zone $remote_user zone=z:32767;', 'zone "zone=z:32767" is too small'],
  ['limit_conn_zone $remote_user zone=:1m;', '"limit_conn_zone" must have "zone" parameter'],
  ['limit_conn_zone $remote_user foo=z:1m;', 'invalid parameter "foo=z:1m"'],
  ['limit_conn_zone $binary_remote_addr zone=z:1m;', 'invalid parameter "$binary_remote_addr"'],
  ['limit_conn_zone ${remote_user} zone=z:1m;', 'invalid parameter "${remote_user}"'],
  ['limit_conn_zone $Remote_User zone=z:1m;', 'invalid parameter "$Remote_User"'],
  ['limit_conn_zone $a$b zone=z:1m;', 'invalid parameter "$a$b"'],
  ['limit_conn_zone literal zone=z:1m;', 'invalid parameter "literal"'],
  ['limit_conn_zone $remote_user;', 'invalid number of arguments in "limit_conn_zone" directive'],
  [
    'limit_conn_zone $remote_user zone=z:1m x;',
    'invalid number of arguments in "limit_conn_zone" directive',
  ],
  ['limit_conn z;', 'invalid number of arguments in "limit_conn" directive'],
  [`${zone} ${zone}`, 'limit_conn_zone "z" is already bound to key "$remote_user"'],
  [
    `${zone} limit_conn_zone $remote_addr zone=z:1m;`,
    'limit_conn_zone "z" is already bound to key "$remote_user"',
  ],
  [
    `${zone} limit_conn_zone $remote_addr zone=z:2m;`,
    'the size 2097152 of shared memory zone "z" conflicts with already declared size 1048576',
  ],
  [
    `ssl_session_cache shared:z:1m; ${zone}`,
    'the shared memory zone "z" is already declared for a different use',
  ],
  [`server { ${zone} }`, notBound],
  [`${zone} limit_conn z 1; limit_conn z 2;`, '"limit_conn" directive is duplicate'],
  [`${zone} limit_conn z 0;`, 'invalid number of connections "0"'],
  [`${zone} limit_conn z 1k;`, 'invalid number of connections "1k"'],
  [`${zone} limit_conn z -1;`, 'invalid number of connections "-1"'],
  [`${zone} limit_conn z "";`, 'invalid number of connections ""'],
  [
    `${zone} limit_conn z 99999999999999999999;`,
    'invalid number of connections "99999999999999999999"',
  ],
  [`${zone} limit_conn z 65536;`, 'connection limit must be less 65536'],
  ['limit_conn_log_level crit;', 'invalid value "crit"'],
  [
    'limit_conn_log_level warn; limit_conn_log_level warn;',
    '"limit_conn_log_level" directive is duplicate',
  ],
  [
    'limit_conn_dry_run yes;',
    'invalid value "yes" in "limit_conn_dry_run" directive, it must be "on" or "off"',
  ],
  ['limit_conn_dry_run on; limit_conn_dry_run on;', '"limit_conn_dry_run" directive is duplicate'],
  ['limit_conn_status 503;', '"limit_conn_status" directive is not allowed here'],
  ['limit_con z 1;', 'unknown directive "limit_con"'],
  // The line is where the parser noticed: that of the next "{".
  [`${zone} limit_conn z 1`, 'directive "limit_conn" is not terminated by ";"', 4],
]

const placed = rows.map(([line, text, at]): [string, string, number] => [line, text, at ?? 3])

describe('postern -t of a wrong limit', () => {
  it.concurrent.each(placed)('freenginx case 34: %s', async (line, text, at) => {
    const { code, stdout, stderr, file } = await test(inMail(line))
    expect(stderr.split('\n')[0]).toBe(`postern: [emerg] ${text} in ${file}:${at}`)
    expect(stderr.endsWith(`postern: configuration file ${file} test failed\n`)).toBe(true)
    expect(stderr).not.toContain('syntax is ok')
    expect([code, stdout]).toEqual([1, ''])
  })

  it.concurrent.each([
    ['limit_conn z 1;\nevents { }\n', 1],
    ['events {\nlimit_conn z 1;\n}\n', 2],
  ])('freenginx case 34: outside of mail, %j', async (text, at) => {
    const { code, stderr, file } = await test(text)
    expect(stderr.split('\n')[0]).toBe(
      `postern: [emerg] "limit_conn" directive is not allowed here in ${file}:${at}`,
    )
    expect(code).toBe(1)
  })

  // nginx finds it after the parse and names no place; we name it.
  it.concurrent('freenginx case 36: of a zone that is not declared', async () => {
    const { code, stderr, file } = await test(inMail('limit_conn nope 1;'))
    expect(stderr).toContain(`postern: the configuration file ${file} syntax is ok\n`)
    expect(stderr).toContain(`postern: [emerg] zero size shared memory zone "nope" in ${file}:3\n`)
    expect(stderr.indexOf('syntax is ok')).toBeLessThan(stderr.indexOf('[emerg]'))
    expect(stderr.endsWith(`postern: configuration file ${file} test failed\n`)).toBe(true)
    expect(code).toBe(1)
  })
})

describe('postern -t of a right limit', () => {
  it.concurrent.each([
    ['35', 'that stands before its zone', `limit_conn z 1; ${zone}`],
    [
      '37',
      'with a zone of 32768 bytes and a key in quotation marks',
      'limit_conn_zone "$remote_user" zone=z:32768; limit_conn z 007;',
    ],
  ])('freenginx case %s: %s', async (_case, _what, line) => {
    const { code, stdout, stderr, file } = await test(inMail(line))
    expect(stderr).toBe(
      `postern: the configuration file ${file} syntax is ok\n` +
        `postern: configuration file ${file} test is successful\n`,
    )
    expect([code, stdout]).toEqual([0, ''])
  })
})
