import { describe, expect, it } from 'vitest'
import { buildPolicy } from '../../../test/kit/policy.ts'
import { diagnoseWorkers } from './diagnose.ts'

const policy = buildPolicy({ smtp: { listens: { '*:25': {} } } })

describe('what is said about a number of workers', () => {
  it('is a warning when there are more of them than processors', () => {
    expect(diagnoseWorkers(policy, 3, 2)).toMatchObject([
      { severity: 'warning', code: 'daemon.more_workers_than_processors' },
    ])
    expect(diagnoseWorkers(policy, 2, 2)).toEqual([])
  })

  it('is nothing with one worker, which shares with nobody', () => {
    expect(diagnoseWorkers(policy, 1, 0)).toEqual([])
  })

  it('is an error when a zone is larger than they can share', () => {
    const span = { file: 'f', line: 1, column: 1, start: 0, end: 1 }
    const key = { text: '$remote_user', variables: [], foldsCase: false } as never // not looked at
    const zone = { kind: 'zone', name: 'user', sizeBytes: 2 ** 31, key, span } as const
    expect(diagnoseWorkers({ ...policy, zones: [zone] }, 2, 2)).toMatchObject([
      { severity: 'error', code: 'daemon.zone_too_large', span },
    ])
  })
})
