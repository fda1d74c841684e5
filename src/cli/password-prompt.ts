// Where passwords come from: a prompt that does not show them, or standard input. Never from the
// command line, which every process of the machine can read.

import type { ReadStream, WriteStream } from 'node:tty'
import { UsageError } from './command.ts'

/** No client can send more in one command, and nobody types it. */
const passwordMaxBytes = 1_024

export interface PasswordSource {
  /** False: nobody could type. */
  readonly isTerminal: boolean
  /** Asks without showing what is typed. */
  prompt(label: string): Promise<Buffer>
  /** All of standard input, without its last line end. */
  readAll(): Promise<Buffer>
}

/** Of this process. */
export function consolePasswords(input: ReadStream, output: WriteStream): PasswordSource {
  return {
    isTerminal: input.isTTY,
    prompt: (label) => promptHidden(label, input, output),
    readAll: () => readAll(input),
  }
}

/** A password for a command: from where its flags say, asked twice when it is new. */
export async function passwordFor(
  source: PasswordSource,
  { isFromInput, isNew }: { readonly isFromInput: boolean; readonly isNew: boolean },
): Promise<Buffer> {
  if (isFromInput) return checked(await source.readAll())
  if (!source.isTerminal) {
    throw new UsageError('Standard input is no terminal: say --stdin to read the password from it.')
  }
  const password = checked(await source.prompt('Password: '))
  if (!isNew) return password
  const again = await source.prompt('Once more: ')
  if (!again.equals(password))
    throw new UsageError('The two passwords differ; nothing was changed.')
  return password
}

function checked(password: Buffer): Buffer {
  if (password.length === 0) throw new UsageError('The password is empty.')
  if (password.length > passwordMaxBytes) {
    throw new UsageError(`The password has more than ${passwordMaxBytes} bytes.`)
  }
  if (/[\0\r\n]/.test(password.toString('latin1'))) {
    throw new UsageError('The password has a line end or a NUL, which no mail client can send.')
  }
  return password
}

async function readAll(input: ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Buffer | string) // a stream without objects
    chunks.push(bytes)
    sizeBytes += bytes.length
    // Two bytes more than a password may be a line end; beyond that it is too long, whatever comes.
    if (sizeBytes > passwordMaxBytes + 2) break
  }
  const all = Buffer.concat(chunks)
  return all.subarray(0, all.length - (/\r?\n$/.exec(all.toString('latin1'))?.[0].length ?? 0))
}

const [endOfText, endOfTransmission, backspace, lineKill, escape] = [3, 4, 8, 21, 27]
const deleteKey = 127

function promptHidden(label: string, input: ReadStream, output: WriteStream): Promise<Buffer> {
  output.write(label)
  input.setRawMode(true)
  input.resume()
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    const end = (settle: () => void): void => {
      input.off('data', onData)
      input.setRawMode(false)
      input.pause()
      output.write('\n')
      settle()
    }
    const onData = (chunk: Buffer): void => {
      // An arrow key and its like come as one chunk that begins with escape; they type nothing.
      if (chunk[0] === escape) return
      for (const character of chunk.toString()) {
        const code = character.codePointAt(0) ?? 0
        if (character === '\r' || character === '\n' || code === endOfTransmission) {
          end(() => resolve(Buffer.from(typed.join(''))))
          return
        }
        if (code === endOfText) {
          end(() => reject(new UsageError('Interrupted; nothing was changed.')))
          return
        }
        if (code === lineKill) typed = []
        else if (code === backspace || code === deleteKey) typed.pop()
        else if (code >= 32 && typed.length <= passwordMaxBytes) typed.push(character)
      }
    }
    input.on('data', onData)
  })
}
