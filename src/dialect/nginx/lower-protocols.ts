// The versions of TLS that ssl_protocols and the commands of ssl_conf_command leave.

import { listed } from '../report.ts'
import { tlsVersions } from '../../policy/options.ts'
import type { TlsVersion } from '../../policy/options.ts'
import type { CheckedDirective } from './checked.ts'
import { put, spanOf } from './draft.ts'
import type { Place } from './lower-values.ts'
import { versionOf } from './ssl-values.ts'

/** nginx's, since 1.27.3. */
const defaults: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']

/** `commands`: those of ssl_conf_command, in order. They come after ssl_protocols, as in OpenSSL. */
export function lowerProtocols(place: Place, commands: readonly CheckedDirective[]): void {
  const found = place.view.all('ssl_protocols')
  const own = commands.filter(isAboutProtocols)
  const last = own.at(-1) ?? found[0]
  if (last === undefined) return
  const { report } = place.lowering
  const span = spanOf(last)
  const words = found.flatMap(({ value }) => (value.kind === 'set' ? value.choices : []))
  const gone = words.filter((word) => word.startsWith('SSL'))
  if (gone.length > 0) {
    const message = `Postern does not act on ${listed(gone)}: no TLS library of today has it`
    report.warn({ code: 'nginx.ignored_directive', message, span })
  }
  let wanted = found.length === 0 ? defaults : tlsVersions.filter((each) => words.includes(each))
  for (const command of own) wanted = changed(wanted, command)
  if (wanted.length === 0) {
    const message = '"ssl_protocols" leaves no version of TLS'
    report.error({ code: 'nginx.bad_value', message, span })
    return
  }
  put(place.draft, 'tlsProtocols', wanted, span)
}

function isAboutProtocols({ value }: CheckedDirective): boolean {
  const name = value.kind === 'texts' ? value.texts[0] : undefined
  return name === 'Protocol' || name === 'MinProtocol' || name === 'MaxProtocol'
}

function changed(before: readonly TlsVersion[], { value }: CheckedDirective): TlsVersion[] {
  const [name, text = ''] = value.kind === 'texts' ? value.texts : []
  if (name === 'Protocol') return switched(before, text)
  const bound = versionOf(text)
  const at = tlsVersions.findIndex((version) => version === bound)
  // `None`, and what is older than all of them, is no bound.
  if (at < 0) return [...before]
  return before.filter((version) => {
    const index = tlsVersions.indexOf(version)
    return name === 'MinProtocol' ? index >= at : index <= at
  })
}

/** `-TLSv1.2,+TLSv1.3`, from left to right. */
function switched(before: readonly TlsVersion[], text: string): TlsVersion[] {
  const enabled = new Set(before)
  for (const part of text.split(',').map((each) => each.trim())) {
    const word = versionOf(part.replace(/^[+-]/, ''))
    const named = tlsVersions.filter((version) => word === 'ALL' || version === word)
    for (const version of named) {
      if (part.startsWith('-')) enabled.delete(version)
      else enabled.add(version)
    }
  }
  return tlsVersions.filter((version) => enabled.has(version))
}
