// Expectations for `postern users`.

import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { cleanUp, temporaryDirectory } from '../../test/kit/gateway-rig.ts'
import { parseUsersFile } from '../protocol/users-file/users-file.ts'
import type { PasswordSource } from './password-prompt.ts'
import type { Terminal } from './terminal.ts'
import { usersCommand } from './users-command.ts'
import { withUser } from './users-edit.ts'

afterEach(cleanUp)

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Commands in a directory of their own; the passwords are typed one after the other. */
class Shell {
  readonly directory: string = temporaryDirectory()
  readonly path: string = join(this.directory, 'users')

  async run(line: string, ...typed: string[]): Promise<Outcome> {
    let [out, err] = ['', '']
    const next = (): Promise<Buffer> => Promise.resolve(Buffer.from(typed.shift() ?? ''))
    const passwords: PasswordSource = { isTerminal: true, prompt: next, readAll: next }
    const terminal: Terminal = {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      env: {},
      cwd: this.directory,
      invocation: 'postern',
      isColorOut: false,
      isColorErr: false,
    }
    const code = await usersCommand(terminal, passwords).parse(line.split(' '))
    return { code, out, err }
  }

  get text(): string {
    return readFileSync(this.path, 'utf8')
  }
}

describe('postern users', () => {
  it('adds a user whose password it can check, in a file that only the owner reads', async () => {
    const shell = new Shell()
    const added = await shell.run('add users ann@d', 'secret', 'secret')
    expect(added).toEqual({ code: 0, out: 'added ann@d in users\n', err: '' })
    expect(statSync(shell.path).mode & 0o777).toBe(0o600)
    expect(shell.text).toMatch(/^ann@d:\$scrypt\$/)
    expect(shell.text).not.toContain('secret')
    expect((await shell.run('check users ann@d', 'secret')).code).toBe(0)
    expect(await shell.run('check users ann@d', 'other')).toEqual({
      code: 1,
      out: 'the password of ann@d is wrong\n',
      err: '',
    })
  })

  it('makes hashes of every scheme that a users file can have', async () => {
    const shell = new Shell()
    for (const scheme of ['scrypt', 'bcrypt', 'argon2id']) {
      await shell.run(`add users ${scheme} --stdin --scheme ${scheme}`, 'p')
    }
    const listed = JSON.parse((await shell.run('list users --json')).out) as unknown
    expect(listed).toEqual(
      ['scrypt', 'bcrypt', 'argon2id'].map((scheme) => ({ user: scheme, scheme })),
    )
  })

  it('changes a password in its line, with all else and the mode of the file as it was', async () => {
    const shell = new Shell()
    await shell.run('add users ann --upstream 127.0.0.1:143', 'old', 'old')
    const text = `# people\r\n${shell.text.trim()}\r\n\r\n# end`
    writeFileSync(shell.path, text)
    chmodSync(shell.path, 0o640)
    expect((await shell.run('add users ann', 'new', 'new')).out).toBe('changed ann in users\n')
    expect(statSync(shell.path).mode & 0o777).toBe(0o640)
    expect(shell.text).toMatch(/^# people\r\nann:\$scrypt\$[^\r]*:127\.0\.0\.1:143\r\n\r\n# end$/)
    expect((await shell.run('check users ann', 'new')).code).toBe(0)
    await shell.run('add users ann --upstream /run/imap', 'new', 'new')
    expect(shell.text).toContain(':/run/imap\r\n')
  })

  it('removes a user, and says when there is none', async () => {
    const shell = new Shell()
    await shell.run('add users a', 'p', 'p')
    await shell.run('add users b', 'p', 'p')
    expect((await shell.run('remove users a')).out).toBe('removed a from users\n')
    expect([...parseUsersFile(shell.text, '').users.keys()]).toEqual(['b'])
    expect(await shell.run('remove users a')).toMatchObject({
      code: 1,
      err: 'postern: users has no user a\n',
    })
  })

  it('follows a link to the file, and leaves the link', async () => {
    const shell = new Shell()
    symlinkSync('users', join(shell.directory, 'link'))
    writeFileSync(shell.path, '')
    await shell.run('add link a', 'p', 'p')
    expect(shell.text).toMatch(/^a:/)
  })

  it.each([
    ['add users a', ['one', 'two'], 'The two passwords differ'],
    ['add users a', [''], 'The password is empty'],
    ['add users a --stdin', ['x'.repeat(2_000)], 'more than 1024 bytes'],
    ['add users a --stdin', ['two\nlines'], 'line end or a NUL'],
    ['add users a --stdin --scheme bcrypt', ['x'.repeat(73)], 'bcrypt looks at the first 72 bytes'],
    ['add users a --scheme md5', [], '--scheme takes scrypt, bcrypt, argon2id'],
    ['add users a --upstream host', [], '--upstream host'],
    ['add users a:b', [], 'no colon'],
    ['add users #a', [], 'comment'],
    ['add users', [], 'the user name is empty'],
    ['frob users a', [], 'none of add, remove, list and check'],
  ])('%s does nothing and says why', async (line, typed, why) => {
    const shell = new Shell()
    const outcome = await shell.run(line, ...typed)
    expect([outcome.code, outcome.out]).toEqual([2, ''])
    expect(outcome.err).toContain(why)
    expect(existsSync(shell.path)).toBe(false)
  })

  it('does not write where somebody else is writing', async () => {
    const shell = new Shell()
    writeFileSync(`${shell.path}.new`, '')
    expect(await shell.run('add users a', 'p', 'p')).toMatchObject({
      code: 1,
      err: expect.stringContaining('users.new is there') as unknown,
    })
    expect(existsSync(shell.path)).toBe(false)
  })

  it('checks a file without showing a hash', async () => {
    const shell = new Shell()
    writeFileSync(shell.path, 'a:hunter2\n')
    const checked = await shell.run('check users')
    expect(checked).toMatchObject({ code: 1, out: 'users: 0 users, 1 errors\n' })
    expect(checked.err).toContain('users:1:3: error')
    expect(checked.err).not.toContain('hunter2')
    expect(await shell.run('list missing')).toMatchObject({
      code: 1,
      err: 'postern: open() "missing" failed (2: No such file or directory)\n',
    })
  })
})

describe('a users file that is edited', () => {
  it('gets a line end where its last line had none', () => {
    expect(withUser('# c', { user: 'a', hash: 'h' })).toEqual({ text: '# c\na:h\n', isNew: true })
  })
})
