// The files of the admin API: its token and its certificate. Read when a configuration is, so that a
// wrong one is said before anything changes.

import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Diagnostic, Span } from '../../base/diagnostic.ts'
import type { DaemonOptions } from '../../policy/policy.ts'
import { errnoText } from '../../gateway/errno.ts'
import type { DaemonCode } from '../codes.ts'
import type { AdminSettings } from '../settings.ts'

/** What is in the files; nothing of it is ever written to a log. */
export interface AdminSecrets {
  readonly token?: string
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface AdminFiles extends AdminSecrets {
  readonly diagnostics: readonly Diagnostic[]
}

/** 16 characters of 64 are 96 bits: nobody guesses that over a network. */
const tokenLengthMin = 16
const tokenLengthMax = 1024
/** What a header may carry as a token (RFC 6750). */
const tokenPattern = /^[A-Za-z0-9._~+/-]+=*$/

type Found = Diagnostic & { readonly code: DaemonCode }

/** Never throws: whatever is wrong is a diagnostic. */
export function readAdminFiles(
  admin: AdminSettings | undefined,
  options: DaemonOptions,
): AdminFiles {
  const diagnostics: Found[] = []
  // On a Unix socket nobody needs them, which was remarked on.
  if (admin === undefined || admin.endpoint.kind === 'unix') return { diagnostics }
  const token = readToken(admin, options.adminTokenFile?.span, diagnostics)
  const tls = readTls(admin, options.adminCertificate?.span, diagnostics)
  return {
    diagnostics,
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
  }
}

function readToken(
  { tokenFile }: AdminSettings,
  span: Span | undefined,
  diagnostics: Found[],
): string | undefined {
  if (tokenFile === undefined) return undefined
  const where = span === undefined ? {} : { span }
  const code = 'daemon.admin_token'
  try {
    const token = readFileSync(tokenFile, 'utf8').trim()
    const problem = problemOfToken(token)
    if (problem !== undefined) {
      const message = `the token in "${tokenFile}" ${problem}`
      const hint = 'make one: openssl rand -hex 32'
      diagnostics.push({ severity: 'error', code, message, ...where, hint })
      return undefined
    }
    if ((statSync(tokenFile).mode & 0o077) !== 0) {
      const message = `"${tokenFile}" holds a token, and other users of this machine may read it`
      const hint = `chmod 600 ${tokenFile}`
      diagnostics.push({ severity: 'warning', code, message, ...where, hint })
    }
    return token
  } catch (error) {
    const message = `open() "${tokenFile}" failed (${errnoText(error)})`
    diagnostics.push({ severity: 'error', code, message, ...where })
    return undefined
  }
}

function problemOfToken(token: string): string | undefined {
  if (token.length < tokenLengthMin) return `has fewer than ${tokenLengthMin} characters`
  if (token.length > tokenLengthMax) return `has more than ${tokenLengthMax} characters`
  if (tokenPattern.test(token)) return undefined
  return 'has characters that a header cannot carry; letters, digits, - . _ ~ + / are fine'
}

function readTls(
  { certificate, key }: AdminSettings,
  span: Span | undefined,
  diagnostics: Found[],
): AdminSecrets['tls'] {
  if (certificate === undefined || key === undefined) return undefined
  try {
    const tls = { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
    createSecureContext(tls)
    return tls
  } catch (error) {
    // Node's words name what is wrong with a file, and nothing that is in it.
    const why = error instanceof Error ? error.message : String(error)
    diagnostics.push({
      severity: 'error',
      code: 'daemon.admin_certificate',
      message: `the certificate of the admin API cannot be used: ${why}`,
      ...(span === undefined ? {} : { span }),
    })
    return undefined
  }
}
