// The two libraries that hash passwords, loaded when the first hash of their scheme is met: they are
// native code, and whoever has no such hash does not need them.

import type * as Argon2 from '@node-rs/argon2'
import type * as Bcrypt from '@node-rs/bcrypt'
import { PosternError } from '../../base/errors.ts'
import type { GatewayErrorCode } from '../codes.ts'

export async function loadArgon2(): Promise<typeof Argon2> {
  return import('@node-rs/argon2').catch((error: unknown) => {
    throw missing('@node-rs/argon2', error)
  })
}

export async function loadBcrypt(): Promise<typeof Bcrypt> {
  return import('@node-rs/bcrypt').catch((error: unknown) => {
    throw missing('@node-rs/bcrypt', error)
  })
}

function missing(name: string, cause: unknown): PosternError {
  const code: GatewayErrorCode = 'gateway.password_library'
  const text = `the optional package ${name} is not installed, or has no binary for this machine`
  return new PosternError(code, text, { cause })
}
