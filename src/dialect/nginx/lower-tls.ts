// The ssl directives of one server, as far as the policy's TLS options can say them.

import { listed } from '../report.ts'
import type { TlsVersion } from '../../policy/options.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import { lowerText } from './lower-values.ts'
import type { Place } from './lower-values.ts'

/** For a server that speaks TLS somewhere. */
export function lowerTls(place: Place): void {
  const certificate = lowerPath(place, 'ssl_certificate', 'tlsCertificate')
  lowerPath(place, 'ssl_certificate_key', 'tlsKey')
  // nginx lets no client renegotiate.
  if (certificate !== undefined) {
    put(place.draft, 'tlsAllowRenegotiation', false, spanOf(certificate))
  }
  lowerVerify(place)
  lowerProtocols(place)
  lowerText(place, 'ssl_ciphers', 'tlsCiphers')
  for (const command of place.view.all('ssl_conf_command')) lowerCommand(place, command)
}

/** The first of several files acts; each further one is warned about. */
function lowerPath(
  place: Place,
  name: string,
  option: 'tlsCertificate' | 'tlsKey',
): CheckedDirective | undefined {
  const [first, ...others] = place.view.all(name)
  if (first?.value.kind === 'text') {
    put(place.draft, option, { path: first.value.text }, spanOf(first))
  }
  for (const other of others) {
    place.lowering.report.warn({
      code: 'nginx.ignored_directive',
      message: `Postern does not act on a second "${name}" yet: the first one is used`,
      span: spanOf(other),
    })
  }
  return first
}

function lowerVerify(place: Place): void {
  const { view, draft, lowering } = place
  const authority = view.last('ssl_client_certificate')
  if (authority?.value.kind === 'text') {
    put(draft, 'tlsClientCa', { path: authority.value.text }, spanOf(authority))
  }
  const verify = view.last('ssl_verify_client')
  const mode = verify?.value.kind === 'choice' ? verify.value.choice : 'off'
  const source = verify ?? authority
  if (source === undefined) return
  put(draft, 'tlsVerifyMode', mode === 'on' ? 'require' : 'none', spanOf(source))
  if (mode === 'on' || mode === 'off') return
  lowering.report.error({
    code: 'nginx.not_in_this_version',
    message: `"ssl_verify_client ${mode}" is not in this version of Postern`,
    span: spanOf(source),
    hint: 'write on or off: the auth server would not be told what the certificate is worth',
  })
}

const versions: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** Node takes one unbroken range. */
function lowerProtocols(place: Place): void {
  const found = place.view.all('ssl_protocols')
  const [first] = found
  if (first === undefined) return
  const { report } = place.lowering
  const span = spanOf(first)
  const words = found.flatMap(({ value }) => (value.kind === 'set' ? value.choices : []))
  const gone = words.filter((word) => word.startsWith('SSL'))
  if (gone.length > 0) {
    const message = `Postern does not act on ${listed(gone)}: no TLS library of today has it`
    report.warn({ code: 'nginx.ignored_directive', message, span })
  }
  const wanted = versions.filter((version) => words.includes(version))
  const [min] = wanted
  const max = wanted.at(-1)
  if (min === undefined || max === undefined) {
    const message = '"ssl_protocols" leaves no version of TLS'
    report.error({ code: 'nginx.bad_value', message, span })
    return
  }
  const range = versions.slice(versions.indexOf(min), versions.indexOf(max) + 1)
  const missing = range.filter((version) => !wanted.includes(version))
  if (missing.length > 0) {
    const message = `"ssl_protocols" leaves a hole: ${listed(missing)} between ${min} and ${max}`
    const hint = 'Postern takes one unbroken range of TLS versions'
    report.error({ code: 'nginx.not_in_this_version', message, span, hint })
    return
  }
  put(place.draft, 'tlsProtocols', { min, max }, span)
}

function lowerCommand(place: Place, command: CheckedDirective): void {
  const [name, value] = command.args
  const span = spanOf(command)
  if (name?.text.toLowerCase() === 'ciphersuites' && value !== undefined) {
    put(place.draft, 'tlsCiphersuites', value.text, span)
    return
  }
  place.lowering.report.error({
    code: 'nginx.not_in_this_version',
    message: `"ssl_conf_command ${name?.text ?? ''}" is not in this version of Postern`,
    span,
    hint: 'Ciphersuites is the command it knows',
  })
}
