// Mail servers that look at the password, for tests in which they decide about logins.

import type { Socket } from 'node:net'

/** What every server here takes, from any user but `nobody`. */
export const rightPassword = 'right'

function isRight(user: string | undefined, password: string | undefined): boolean {
  return user !== 'nobody' && password === rightPassword
}

/** LOGIN with literals, as the gate sends it. */
export function strictImap(socket: Socket): void {
  let step: 'command' | 'user' | 'password' = 'command'
  let [tag, user] = ['', '']
  socket.write('* OK upstream ready\r\n')
  onLines(socket, (line) => {
    if (step === 'user') {
      user = line.replace(/ \{\d+\}$/, '')
      step = 'password'
      socket.write('+ OK\r\n')
    } else if (step === 'password') {
      step = 'command'
      const words = isRight(user, line) ? 'OK upstream login' : 'NO [AUTHENTICATIONFAILED] who?'
      socket.write(`${tag} ${words}\r\n`)
    } else {
      const [first = '*', verb = ''] = line.split(' ')
      tag = first
      if (verb.toUpperCase() === 'LOGIN') step = 'user'
      socket.write(step === 'user' ? '+ OK\r\n' : `${tag} OK upstream did ${verb}\r\n`)
    }
  })
}

export function strictPop3(socket: Socket): void {
  let user = ''
  socket.write('+OK upstream ready\r\n')
  onLines(socket, (line) => {
    const [verb = '', argument = ''] = line.split(' ')
    if (verb === 'USER') user = argument
    const isWrong = verb === 'PASS' && !isRight(user, argument)
    socket.write(isWrong ? '-ERR [AUTH] who?\r\n' : `+OK upstream did ${verb}\r\n`)
  })
}

export function strictSmtp(socket: Socket): void {
  socket.write('220 upstream.test ESMTP\r\n')
  onLines(socket, (line) => {
    const [verb = '', , initial = ''] = line.split(' ')
    if (verb.toUpperCase() === 'AUTH') {
      const [, user, password] = Buffer.from(initial, 'base64').toString().split('\0')
      const words = isRight(user, password) ? '235 2.7.0 welcome' : '535 5.7.8 who?'
      socket.write(`${words}\r\n`)
    } else socket.write(`250 2.0.0 upstream did ${verb.toUpperCase()}\r\n`)
  })
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let partial = ''
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('data', (chunk: Buffer) => {
    const lines = (partial + chunk.toString('latin1')).split('\r\n')
    partial = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}
