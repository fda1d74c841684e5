// What clients and the mail server behind say to each other: each protocol's login and goodbye.

/** The protocols that log in at a gate. */
export const protocols = ['imap', 'pop3', 'smtp'] as const
export type Protocol = (typeof protocols)[number]

/** One step of a client: when the server has said a line that starts so, this is sent. */
interface Step {
  readonly expect: string
  readonly send: string
}

// Ten thousand users: no limit per user is ever reached, and every count has a key of its own.
const userCount = 10_000
const password = 'correct-horse'

export interface Script {
  readonly steps: readonly Step[]
  /** Starts the line that says that the client is logged in. */
  readonly loggedIn: string
  readonly goodbye: string
  /** Starts the last line. */
  readonly bye: string
}

/** What a client of the protocol says; every call is another user. */
export function scriptOf(protocol: Protocol): Script {
  const user = `user${Math.floor(Math.random() * userCount)}@example.org`
  switch (protocol) {
    case 'imap':
      return {
        steps: [{ expect: '* OK', send: `a LOGIN ${user} ${password}\r\n` }],
        loggedIn: 'a OK',
        goodbye: 'b LOGOUT\r\n',
        bye: 'b OK',
      }
    case 'pop3':
      return {
        steps: [
          { expect: '+OK', send: `USER ${user}\r\n` },
          { expect: '+OK', send: `PASS ${password}\r\n` },
        ],
        loggedIn: '+OK',
        goodbye: 'QUIT\r\n',
        bye: '+OK',
      }
    case 'smtp': {
      const words = Buffer.from(`\0${user}\0${password}`).toString('base64')
      return {
        steps: [
          { expect: '220 ', send: 'EHLO client.example\r\n' },
          { expect: '250 ', send: `AUTH PLAIN ${words}\r\n` },
        ],
        loggedIn: '235 ',
        goodbye: 'QUIT\r\n',
        bye: '221 ',
      }
    }
  }
}

export const greetings: Readonly<Record<Protocol, string>> = {
  imap: '* OK ready\r\n',
  pop3: '+OK ready\r\n',
  smtp: '220 upstream.example ESMTP\r\n',
}

/** What the mail server behind answers to a line; `isLast`: it closes after that. */
export interface Answer {
  readonly text: string
  readonly isLast: boolean
}

/** Answers whatever a gate that logs in sends; it believes every password. */
export class UpstreamDialogue {
  readonly #protocol: Protocol
  #tag = ''

  constructor(protocol: Protocol) {
    this.#protocol = protocol
  }

  answer(line: string): Answer {
    const isLast = /^(?:\S+ LOGOUT|QUIT)$/.test(line)
    switch (this.#protocol) {
      case 'imap':
        return { text: this.#imap(line, isLast), isLast }
      case 'pop3':
        return { text: '+OK\r\n', isLast }
      case 'smtp':
        return { text: smtp(line, isLast), isLast }
    }
  }

  /** A gate sends LOGIN with literals: each is asked for, and what follows the last is answered. */
  #imap(line: string, isLast: boolean): string {
    const [first = ''] = line.split(' ')
    if (isLast) return `* BYE\r\n${first} OK\r\n`
    if (/ LOGIN /.test(line)) this.#tag = first
    return line.endsWith('}') ? '+ go on\r\n' : `${this.#tag} OK logged in\r\n`
  }
}

function smtp(line: string, isLast: boolean): string {
  if (isLast) return '221 2.0.0 Bye\r\n'
  if (line.startsWith('XCLIENT')) return '220 upstream.example ESMTP\r\n'
  return '250-upstream.example\r\n250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n'
}
