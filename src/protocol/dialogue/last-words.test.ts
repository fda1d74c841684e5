// The last words of each protocol, byte for byte as freenginx says them.

import { expect, it } from 'vitest'
import { certificateText, internalErrorText } from './last-words.ts'

const services = ['imap', 'pop3', 'smtp'] as const

it('an internal error has the words of the protocol', () => {
  expect(services.map((service) => internalErrorText(service))).toEqual([
    '* BAD internal server error\r\n',
    '-ERR internal server error\r\n',
    '451 4.3.2 Internal server error\r\n',
  ])
})

it('a certificate that does not verify has the words of the protocol', () => {
  expect(services.map((service) => certificateText(service, 'invalid'))).toEqual([
    '* BYE SSL certificate error\r\n',
    '-ERR SSL certificate error\r\n',
    '421 4.7.1 SSL certificate error\r\n',
  ])
})

it('a certificate that is missing has the words of the protocol', () => {
  expect(services.map((service) => certificateText(service, 'missing'))).toEqual([
    '* BYE No required SSL certificate\r\n',
    '-ERR No required SSL certificate\r\n',
    '421 4.7.1 No required SSL certificate\r\n',
  ])
})
