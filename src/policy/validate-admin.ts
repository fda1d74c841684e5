// Checks of the admin API's options: who may reach it, and what keeps others out.

import { blockContains, parseAddress, parseBlock } from '../base/address.ts'
import type { Endpoint } from '../base/address.ts'
import type { Diagnostic, Sourced } from '../base/diagnostic.ts'
import type { PolicyCode } from './codes.ts'
import type { Policy } from './policy.ts'

interface Found extends Diagnostic {
  readonly code: PolicyCode
}

type AdminOption = 'admin' | 'adminTokenFile' | 'adminCertificate' | 'adminKey'

const words = {
  momentum: {
    admin: 'Admin',
    adminTokenFile: 'Admin_Token_File',
    adminCertificate: 'Admin_TLS_Certificate',
    adminKey: 'Admin_TLS_Key',
  },
  nginx: {
    admin: 'admin',
    adminTokenFile: 'admin_token_file',
    adminCertificate: 'admin_certificate',
    adminKey: 'admin_certificate_key',
  },
} as const satisfies Record<Policy['dialect'], Record<AdminOption, string>>

/** True when only programs of this machine can connect to it. */
export function isLocalEndpoint(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return true
  const address = parseAddress(endpoint.host)
  if (address === undefined) return false
  return ['127.0.0.0/8', '::1'].some((text) => {
    const parsed = parseBlock(text)
    return parsed !== undefined && blockContains(parsed.block, address)
  })
}

export function checkAdmin(policy: Policy): Diagnostic[] {
  const { admin } = policy.daemon
  if (admin === undefined) return withoutUse(policy, needless, 'there is no admin API')
  if (admin.value.kind === 'unix') {
    return withoutUse(policy, needless, "the admin API's socket is open to its owner alone")
  }
  return [...halfACertificate(policy), ...exposed(policy, admin)]
}

const needless = ['adminTokenFile', 'adminCertificate', 'adminKey'] as const

function withoutUse(policy: Policy, options: readonly AdminOption[], why: string): Found[] {
  return options.flatMap((option): Found[] => {
    const found = policy.daemon[option]
    if (found === undefined) return []
    const message = `${words[policy.dialect][option]} has no effect: ${why}`
    const { span } = found
    return [{ severity: 'warning', code: 'policy.admin_without_use', message, span }]
  })
}

function halfACertificate({ daemon, dialect }: Policy): Found[] {
  const { adminCertificate, adminKey } = daemon
  const present = adminCertificate ?? adminKey
  if (present === undefined || (adminCertificate !== undefined && adminKey !== undefined)) return []
  const [has, lacks] =
    adminKey === undefined
      ? (['adminCertificate', 'adminKey'] as const)
      : (['adminKey', 'adminCertificate'] as const)
  const message = `${words[dialect][has]} stands without ${words[dialect][lacks]}`
  const hint = 'both may name one file that holds the certificate and its key'
  const { span } = present
  return [{ severity: 'error', code: 'policy.admin_half_a_certificate', message, span, hint }]
}

/** Whoever can reach it can read who is connected; so beyond this machine it is never open. */
function exposed({ daemon, dialect }: Policy, admin: Sourced<Endpoint>): Found[] {
  if (isLocalEndpoint(admin.value)) return []
  const names = words[dialect]
  const missing = [
    ...(daemon.adminTokenFile === undefined ? [names.adminTokenFile] : []),
    ...(daemon.adminCertificate === undefined
      ? [`${names.adminCertificate} and ${names.adminKey}`]
      : []),
  ]
  if (missing.length === 0) return []
  return [
    {
      severity: 'error',
      code: 'policy.admin_exposed',
      message: `${names.admin} ${admin.value.text} can be reached from other machines, so it needs a token and TLS`,
      span: admin.span,
      hint: `add ${missing.join(' and ')}, or use 127.0.0.1 or a Unix socket`,
    },
  ]
}
