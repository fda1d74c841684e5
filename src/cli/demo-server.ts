// The demo's mail server: nodemailer's smtp-server, which keeps what it receives in a Maildir.

import type { AddressInfo } from 'node:net'
import type { SMTPServer, SMTPServerDataStream, SMTPServerOptions } from 'smtp-server'
import { PosternError } from '../base/errors.ts'
import type { Maildir } from './maildir.ts'

export interface DemoServer {
  readonly port: number
  close(): Promise<void>
}

/** Relayed sessions have ended by then; what is left is a broken client. */
const closeWaitMs = 1000
/** Ordinary mail; the demo must not fill a disk. */
const messageBytesMax = 25 * 1024 * 1024

/**
 * Starts the server on a free loopback port; rejects with a PosternError when it is not installed.
 */
export async function startDemoServer(
  maildir: Maildir,
  onDelivered: (name: string) => void,
): Promise<DemoServer> {
  const Server = await importServer()
  const server = new Server({
    name: 'demo.example',
    banner: 'the mail server behind Postern',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    // A look into DNS before every greeting would make the demo wait.
    disableReverseLookup: true,
    closeTimeout: closeWaitMs,
    size: messageBytesMax,
    onData: (stream, _session, callback) => {
      void answer(receive(stream, maildir, onDelivered), callback)
    },
  } satisfies SMTPServerOptions)
  // Clients that reset their connection are the clients' business.
  server.on('error', () => {})
  return { port: await listen(server), close: () => closeServer(server) }
}

/** Keeps one message; answers why it could not, for the reply to its sender. */
async function receive(
  stream: SMTPServerDataStream,
  maildir: Maildir,
  onDelivered: (name: string) => void,
): Promise<Error | null> {
  try {
    const name = await maildir.deliver(stream, () => {
      if (stream.sizeExceeded) throw tooLarge()
    })
    onDelivered(name)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** `outcome` never rejects. */
async function answer(
  outcome: Promise<Error | null>,
  callback: (error: Error | null) => void,
): Promise<void> {
  callback(await outcome)
}

/** Optional, so it may be missing from an installation. */
async function importServer(): Promise<typeof SMTPServer> {
  try {
    return (await import('smtp-server')).SMTPServer
  } catch (cause) {
    const message = 'the demo needs the package smtp-server: run `npm install smtp-server`'
    throw new PosternError('cli.no_smtp_server', message, { cause })
  }
}

function listen(server: SMTPServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const bound = server.listen(0, '127.0.0.1', () => {
      // A listening TCP server has an address of this kind.
      resolve((bound.address() as AddressInfo).port)
    })
  })
}

function closeServer(server: SMTPServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function tooLarge(): Error {
  return Object.assign(new Error('message too large for the demo'), { responseCode: 552 })
}
