// Maildir delivery: whole messages in new, nothing left in tmp.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Maildir } from './maildir.ts'

let path = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'postern-maildir-'))
})
afterEach(() => {
  rmSync(path, { recursive: true })
})

describe('delivery into a Maildir', () => {
  it('puts the whole message into new and leaves tmp empty', async () => {
    const maildir = await Maildir.create(path)
    const name = await maildir.deliver(
      Readable.from([Buffer.from('Subject: x\r\n'), Buffer.from('\r\nhi')]),
    )
    expect(readFileSync(join(path, 'new', name), 'latin1')).toBe('Subject: x\r\n\r\nhi')
    expect(readdirSync(join(path, 'tmp'))).toEqual([])
    expect(readdirSync(join(path, 'cur'))).toEqual([])
  })

  it('gives every message a name of its own', async () => {
    const maildir = await Maildir.create(path)
    const message = () => Readable.from([Buffer.from('x')])
    const names = await Promise.all(Array.from({ length: 200 }, () => maildir.deliver(message())))
    expect(new Set(names).size).toBe(200)
    expect(readdirSync(join(path, 'new'))).toHaveLength(200)
  })

  it('keeps nothing of a message that breaks off', async () => {
    const maildir = await Maildir.create(path)
    const broken = new Readable({
      read() {
        this.push('half')
        this.destroy(new Error('connection reset'))
      },
    })
    await expect(maildir.deliver(broken)).rejects.toThrow('connection reset')
    expect([...readdirSync(join(path, 'tmp')), ...readdirSync(join(path, 'new'))]).toEqual([])
  })

  it('keeps nothing of a message that is not approved', async () => {
    const maildir = await Maildir.create(path)
    const refuse = () => {
      throw new Error('too large')
    }
    await expect(maildir.deliver(Readable.from(['x']), refuse)).rejects.toThrow('too large')
    expect([...readdirSync(join(path, 'tmp')), ...readdirSync(join(path, 'new'))]).toEqual([])
  })
})
