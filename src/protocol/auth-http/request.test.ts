// Expectations for the request to an auth server.

import { describe, expect, it } from 'vitest'
import { authRequest, type AuthRequest, type AuthTarget } from './request.ts'

const target: AuthTarget = { uri: '/auth?x=1', host: 'auth.test', headers: [] }
const attempt: AuthRequest = {
  method: 'plain',
  user: 'u@d',
  password: 'secret',
  protocol: 'imap',
  attempt: 1,
  clientIp: '192.0.2.1',
}
const envelope = { helo: 'client.test', from: 'MAIL FROM:<a@b> SIZE=1', to: 'RCPT TO:<c@d>' }
const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

const text = (request: Partial<AuthRequest> = {}, to: Partial<AuthTarget> = {}): string =>
  authRequest({ ...target, ...to }, { ...attempt, ...request }).toString()

describe('the request to an auth server', () => {
  it('has the lines of nginx in the order of nginx', () => {
    expect(text()).toBe(
      [
        'GET /auth?x=1 HTTP/1.0',
        'Host: auth.test',
        'Auth-Method: plain',
        'Auth-User: u@d',
        'Auth-Pass: secret',
        'Auth-Protocol: imap',
        'Auth-Login-Attempt: 1',
        'Client-IP: 192.0.2.1',
        '',
        '',
      ].join('\r\n'),
    )
  })

  it('has every other line in its place', () => {
    const certificate = {
      verify: 'SUCCESS',
      subject: 'CN=a b',
      issuer: 'CN=ca',
      serial: '01',
      fingerprint: 'ab',
      fingerprintSha256: 'cd',
      pem: '-----BEGIN X-----\nAA==\n',
    }
    const whole = text(
      {
        method: 'none',
        user: '',
        password: '',
        salt: '<1@x>',
        protocol: 'smtp',
        attempt: 3,
        clientHost: 'client.test',
        proxy: {
          source: { address: '192.0.2.1', port: 4711 },
          destination: { address: '198.51.100.1', port: 25 },
        },
        envelope,
        tls: { ...tls, certificate },
      },
      { headers: [{ name: 'X-Key', value: 'a b%' }] },
    )
    expect(whole).toBe(
      [
        'GET /auth?x=1 HTTP/1.0',
        'Host: auth.test',
        'Auth-Method: none',
        'Auth-User: ',
        'Auth-Pass: ',
        'Auth-Salt: <1@x>',
        'Auth-Protocol: smtp',
        'Auth-Login-Attempt: 3',
        'Client-IP: 192.0.2.1',
        'Client-Host: client.test',
        'Proxy-Protocol-Addr: 192.0.2.1',
        'Proxy-Protocol-Port: 4711',
        'Proxy-Protocol-Server-Addr: 198.51.100.1',
        'Proxy-Protocol-Server-Port: 25',
        'Auth-SMTP-Helo: client.test',
        'Auth-SMTP-From: MAIL FROM:<a@b> SIZE=1',
        'Auth-SMTP-To: RCPT TO:<c@d>',
        'Auth-SSL: on',
        'Auth-SSL-Protocol: TLSv1.3',
        'Auth-SSL-Cipher: TLS_AES_256_GCM_SHA384',
        'Auth-SSL-Verify: SUCCESS',
        'Auth-SSL-Subject: CN=a b',
        'Auth-SSL-Issuer: CN=ca',
        'Auth-SSL-Serial: 01',
        'Auth-SSL-Fingerprint: ab',
        'Auth-SSL-Fingerprint-SHA256: cd',
        'Auth-SSL-Cert: -----BEGIN%20X-----%0AAA==%0A',
        'X-Key: a b%',
        '',
        '',
      ].join('\r\n'),
    )
  })

  it('escapes a user name and a password as nginx does (conformance case 41)', () => {
    const request = text({ user: 'u %25"x', password: 'p\t1' })
    expect(request).toContain('\r\nAuth-User: u%20%2525"x\r\nAuth-Pass: p%091\r\n')
  })

  it('sends UTF-8 and any other high byte as it is', () => {
    const user = Buffer.from([0x75, 0xff, 0xc3, 0xb6])
    const bytes = authRequest(target, { ...attempt, user })
    expect(bytes.includes(Buffer.concat([Buffer.from('Auth-User: '), user]))).toBe(true)
  })

  it('tells a salt only of a method that has one', () => {
    expect(text({ salt: '<1@x>' })).not.toContain('Auth-Salt')
    expect(text({ salt: '<1@x>', method: 'apop' })).toContain('\r\nAuth-Salt: <1@x>\r\n')
    expect(text({ salt: '', method: 'external' })).not.toContain('Auth-Salt')
  })

  it('leaves out what is empty of a certificate', () => {
    const request = text({ tls: { ...tls, certificate: { verify: 'NONE', subject: '' } } })
    expect(request).toContain('\r\nAuth-SSL-Verify: NONE\r\n\r\n')
    expect(request).not.toContain('Subject')
  })
})

describe('attacks through the request to an auth server', () => {
  const evil = 'x\r\nAuth-User: root\r\n\r\n\0'
  const lineCount = (request: string): number => request.split('\r\n').length

  it('header injection through user name and password', () => {
    const request = text({ user: evil, password: evil })
    expect(lineCount(request)).toBe(lineCount(text()))
    expect(request).toContain('Auth-User: x%0D%0AAuth-User:%20root%0D%0A%0D%0A%00\r\n')
  })

  it('PTR name injection: a client name is escaped', () => {
    const request = text({ clientHost: evil, protocol: 'smtp' })
    expect(lineCount(request)).toBe(lineCount(text()) + 1)
    expect(request).toContain('\r\nClient-Host: x%0D%0AAuth-User:%20root')
  })

  it('header injection through the envelope and a client certificate', () => {
    const request = text({
      method: 'none',
      envelope: { helo: evil, from: evil, to: evil },
      tls: { ...tls, certificate: { verify: evil, subject: evil, issuer: evil, pem: evil } },
    })
    expect(lineCount(request)).toBe(lineCount(text()) + 3 + 7)
    expect(request).not.toContain('\r\nAuth-User: root')
  })

  it('stale credentials: an envelope is told only of a client without a login (CVE-2025-53859)', () => {
    expect(text({ envelope })).not.toContain('Auth-SMTP')
  })

  it('request splitting through the URI and the headers of the configuration', () => {
    const request = text({}, { uri: '/a b\r\nX: y', headers: [{ name: 'X', value: 'a\r\nb' }] })
    expect(request).toMatch(/^GET \/a%20b%0D%0AX:%20y HTTP\/1\.0\r\n/)
    expect(request).toContain('\r\nX: a%0D%0Ab\r\n\r\n')
  })
})
