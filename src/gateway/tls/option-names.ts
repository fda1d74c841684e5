// What the options about TLS are called in the language that a policy was written in: an error
// about a file names the line that its reader wrote.

import type { SettingName } from '../../policy/plan.ts'
import type { Policy } from '../../policy/policy.ts'

type TlsOption = Extract<SettingName, `tls${string}`>

/** The options that name files, or are handed to the TLS library. */
const names: { readonly [K in TlsOption]?: readonly [momentum: string, nginx: string] } = {
  tlsCertificate: ['TLS_Certificate', 'ssl_certificate'],
  tlsKey: ['TLS_Key', 'ssl_certificate_key'],
  tlsPasswordFile: ['TLS_Password_File', 'ssl_password_file'],
  tlsClientCa: ['TLS_Client_CA', 'ssl_client_certificate'],
  tlsTrustedCa: ['TLS_Trusted_CA', 'ssl_trusted_certificate'],
  tlsCrl: ['TLS_CRL', 'ssl_crl'],
  tlsCiphers: ['TLS_Ciphers', 'ssl_ciphers'],
  tlsCiphersuites: ['TLSv13_Ciphersuites', 'ssl_conf_command Ciphersuites'],
  tlsCurves: ['TLS_EC_Curve_Names', 'ssl_ecdh_curve'],
  tlsDhParams: ['TLS_DHParams_File', 'ssl_dhparam'],
  tlsSignatureAlgorithms: ['TLS_Signature_Algorithms', 'ssl_conf_command SignatureAlgorithms'],
  tlsTicketKey: ['TLS_Session_Ticket_Key', 'ssl_session_ticket_key'],
}

export function tlsOptionName(option: TlsOption, dialect: Policy['dialect']): string {
  const [momentum = option, nginx = option] = names[option] ?? []
  return dialect === 'nginx' ? nginx : momentum
}
