import { describe, expect, it } from 'vitest'
import { descriptorsOf, forgetActivation } from './activation.ts'

const env = { LISTEN_PID: '42', LISTEN_FDS: '3', LISTEN_FDNAMES: 'smtp:imap:/run/s.sock' }

describe('what systemd hands to a process', () => {
  it('is so many descriptors from 3 on, and their names', () => {
    expect(descriptorsOf(env, [42])).toEqual([
      { fd: 3, name: 'smtp' },
      { fd: 4, name: 'imap' },
      { fd: 5, name: '/run/s.sock' },
    ])
    expect(descriptorsOf({ LISTEN_PID: '42', LISTEN_FDS: '1' }, [1, 42])).toEqual([
      { fd: 3, name: 'unknown' },
    ])
  })

  it('is nothing for another process, or without a number', () => {
    expect(descriptorsOf(env, [43])).toEqual([])
    expect(descriptorsOf({ ...env, LISTEN_FDS: '-1' }, [42])).toEqual([])
    expect(descriptorsOf({ ...env, LISTEN_FDS: '0' }, [42])).toEqual([])
    expect(descriptorsOf({ LISTEN_FDS: '1' }, [42])).toEqual([])
  })

  it('is told to nobody else', () => {
    const own: NodeJS.ProcessEnv = { ...env, PATH: '/bin' }
    forgetActivation(own)
    expect(own).toEqual({ PATH: '/bin' })
  })
})
