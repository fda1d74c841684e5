// Directives of nginx's imap, pop3 and smtp modules.

import { anyNumber, moduleRows } from '../directive-spec.ts'
import type { DirectiveSpec } from '../directive-spec.ts'
import { milliseconds, set, size, texts } from '../values.ts'

const tokens = ['external', 'xoauth2', 'oauthbearer']

const bufferAbout = 'bounds a command before the login'
const capabilitiesAbout = 'lists what clients are told the server can do'
const authAbout = 'lists the ways to log in'

/** Repeated capabilities add up in nginx, and so do repeated methods. */
const lists = { args: [1, anyNumber], duplicate: 'adds', inherit: 'list' } as const

const imap: readonly DirectiveSpec[] = moduleRows('imap', [
  { name: 'imap_client_buffer', type: size, default: '4k', about: bufferAbout },
  {
    ...lists,
    name: 'imap_capabilities',
    type: texts,
    default: 'IMAP4 IMAP4rev1 UIDPLUS',
    about: capabilitiesAbout,
  },
  {
    ...lists,
    name: 'imap_auth',
    type: set(['plain', 'login', 'cram-md5', ...tokens]),
    default: 'plain',
    about: authAbout,
  },
])

const pop3: readonly DirectiveSpec[] = moduleRows('pop3', [
  {
    ...lists,
    name: 'pop3_capabilities',
    type: texts,
    default: 'TOP USER UIDL RESP-CODES',
    about: capabilitiesAbout,
  },
  {
    ...lists,
    name: 'pop3_auth',
    type: set(['plain', 'login', 'apop', 'cram-md5', ...tokens]),
    default: 'plain',
    about: authAbout,
  },
])

const smtp: readonly DirectiveSpec[] = moduleRows('smtp', [
  { name: 'smtp_client_buffer', type: size, default: '4k', about: bufferAbout },
  {
    name: 'smtp_greeting_delay',
    type: milliseconds,
    default: '0',
    about: 'waits before the greeting, and refuses clients that do not',
  },
  { ...lists, name: 'smtp_capabilities', type: texts, about: capabilitiesAbout },
  {
    ...lists,
    name: 'smtp_auth',
    type: set(['plain', 'login', 'cram-md5', ...tokens, 'none']),
    default: 'plain login',
    about: `${authAbout}; none lets mail in without a login`,
  },
])

/** IMAP, POP3 and SMTP. */
export const protocolDirectives: readonly DirectiveSpec[] = [...imap, ...pop3, ...smtp]
