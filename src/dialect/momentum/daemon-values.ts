// Values of the global options that the daemon itself needs, and upstream addresses.

import type { Endpoint } from '../../base/address.ts'
import { parseEndpoint, parseHostPort } from '../../base/endpoint.ts'
import { workersMax } from '../../policy/defaults.ts'
import type { UpstreamAddress } from '../../policy/options.ts'
import { logLevels, parseLogPlace } from '../../policy/error-log.ts'
import type { ErrorLogTarget } from '../../policy/error-log.ts'
import { quoted } from './report.ts'
import { valueSpan } from './syntax.ts'
import { didYouMean, plainText, readWord, scalarType, wrongForm } from './values.ts'
import type { ValueType, WordResult } from './values.ts'

/** nginx `error_log`: a path, then a level, `error` when none is named. One text, or a list of them. */
export const errorLogs: ValueType<readonly ErrorLogTarget[]> = {
  title: 'a path and a log level, or a list of such texts',
  example: '"logs/error.log notice"',
  read(statement, report) {
    if (statement.kind === 'dictionary') return wrongForm(statement, this.title, report)
    const words = statement.kind === 'scalar' ? [statement.value] : statement.items
    const read = words.map((word) => readWord(statement, word, { parse: parseErrorLog, report }))
    const targets = read.filter((target) => target !== undefined)
    if (targets.length === words.length && targets.length > 0) return targets
    if (words.length > 0) return undefined
    const message = `${statement.name.text} names no log`
    report.error({ code: 'momentum.bad_value', message, span: valueSpan(statement) })
    return undefined
  },
}

function parseErrorLog(text: string): WordResult<ErrorLogTarget> {
  const plain = plainText(text)
  if (!('value' in plain)) return plain
  const [path = '', ...words] = text.trim().split(/ +/)
  const rates = words.filter((word) => /^rate=[0-9]{1,9}$/.test(word))
  const [word, ...rest] = words.filter((found) => !rates.includes(found))
  const level = word === undefined ? 'error' : logLevels.find((known) => known === word)
  if (path === '' || level === undefined || rest.length > 0 || rates.length > 1) {
    const problem = `takes a path and a log level, not ${quoted(text)}`
    const hint = didYouMean(word ?? '', logLevels) ?? `the levels are ${logLevels.join(', ')}`
    return { code: 'momentum.bad_value', problem, hint }
  }
  const place = parseLogPlace(path)
  if ('problem' in place) {
    const { problem, hint, isUnsupported } = place
    if (isUnsupported !== true)
      return { code: 'momentum.bad_value', problem: `has ${problem}`, hint }
    const code = 'momentum.not_in_this_version'
    return { code, problem: `${problem} is not in this version`, hint }
  }
  const [rate] = rates
  const { syslog } = place
  return {
    value: {
      path,
      level,
      ...(syslog === undefined ? {} : { syslog }),
      ...(rate === undefined ? {} : { recordsPerSecond: Number(rate.slice('rate='.length)) }),
    },
  }
}

/** Worker threads. This version runs one, and must not pretend otherwise. */
export const workers: ValueType<number | 'auto'> = scalarType({
  title: 'a number of workers',
  example: 'auto',
  parse(text): WordResult<number | 'auto'> {
    if (text.toLowerCase() === 'auto') return { value: 'auto' }
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
    if (count >= 1 && count <= workersMax) return { value: count }
    const problem = `takes a number of workers, not ${quoted(text)}`
    const hint = `it is 1 to ${workersMax}, or auto: one per processor`
    return { code: 'momentum.wrong_type', problem, hint }
  },
})

/** Where the admin API listens. */
export const adminEndpoint: ValueType<Endpoint> = scalarType({
  title: 'an address',
  example: '"127.0.0.1:8025"',
  parse(text): WordResult<Endpoint> {
    const plain = plainText(text)
    if (!('value' in plain)) return plain
    const result = parseEndpoint(text)
    if ('endpoint' in result) return { value: result.endpoint }
    const problem = `cannot be bound to ${quoted(text)}`
    return { code: 'momentum.bad_address', problem, hint: result.problem }
  },
})

/** One mail server behind us, or several. */
export const upstreams: ValueType<readonly UpstreamAddress[]> = {
  title: 'one address or a list of addresses',
  example: '( "127.0.0.1:2525" "/run/mail.sock" )',
  read(statement, report) {
    if (statement.kind === 'dictionary') return wrongForm(statement, this.title, report)
    const words = statement.kind === 'scalar' ? [statement.value] : statement.items
    if (words.length === 0) {
      report.error({
        code: 'momentum.bad_value',
        message: `${statement.name.text} names no address`,
        span: valueSpan(statement),
        hint: 'leave the option out to inherit the addresses of the outer scope',
      })
      return undefined
    }
    const read = words.map((word) => readWord(statement, word, { parse: parseUpstream, report }))
    const addresses = read.filter((address) => address !== undefined)
    return addresses.length === words.length ? addresses : undefined
  },
}

function parseUpstream(text: string): WordResult<UpstreamAddress> {
  const plain = plainText(text)
  if (!('value' in plain)) return plain
  const result = parseHostPort(text)
  if ('address' in result) return { value: result.address }
  const problem = `cannot be read as an address: ${quoted(text)}`
  return { code: 'momentum.bad_address', problem, hint: result.problem }
}
