// Clients that misbehave: what each of them gets, and that nothing of them remains.

import { describe, expect, it } from 'vitest'
import { Gate } from '../e2e/kit/gate.ts'
import { seededRandom } from '../e2e/kit/random.ts'
import { sleep, until } from '../e2e/kit/until.ts'
import { upstreamBanner } from '../e2e/kit/upstream.ts'

const mebibyte = 1024 * 1024

/** Options with which the daemon follows the SMTP dialogue instead of copying bytes. */
const watched = 'Banner_Hostname = "gate.test" Max_Receptions_Per_Connection = 100'

describe('a client that closes half', () => {
  it('still gets the rest of the answer', async () => {
    const answer = Buffer.alloc(3 * mebibyte, 'y')
    const gate = await Gate.start({
      config: 'E{SS=1 Listen ":25"{}}',
      upstream: {
        serve: ({ socket }) => {
          socket.write(upstreamBanner)
          socket.resume()
          // Only after the client has said its last word.
          socket.on('end', () => socket.end(answer))
        },
      },
    })
    const client = await gate.admits('A@25')
    client.send('LAST WORD\r\n')
    await client.close()
    expect(client.byteCount).toBe(upstreamBanner.length + answer.length)
    expect(client.text.endsWith('y')).toBe(true)
    await gate.isEmpty()
  })
})

describe.each([
  { how: 'copied', options: '' },
  { how: 'followed', options: watched },
])('bytes that are $how', ({ options }) => {
  it.each([
    { what: 'a line of 100 KiB', bytes: Buffer.from(`NOOP ${'z'.repeat(100 * 1024)}\r\n`) },
    { what: 'a line full of NUL bytes', bytes: Buffer.from(`NOOP ${'\0'.repeat(1000)}\r\n`) },
    { what: 'bytes that are no text', bytes: Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0d, 0x0a]) },
    { what: 'bare line feeds', bytes: Buffer.from('NOOP\nNOOP\nNOOP\n') },
  ])('$what reach the mail server as they are', async ({ bytes }) => {
    const gate = await Gate.start({ config: `E{SS=1 ${options} Listen ":25"{}}` })
    const client = await gate.admits('A@25')
    client.send(bytes)
    await until('the bytes behind', () => {
      return (gate.upstream.connections[0]?.received.length ?? 0) >= bytes.length
    })
    expect(gate.upstream.connections[0]?.received.equals(bytes)).toBe(true)
    expect(await client.command('NOOP')).toMatch(/^250 /)
    await client.close()
    await gate.isEmpty()
  })

  it('sent before the banner wait for the mail server, however many they are', async () => {
    const gate = await Gate.start({ config: `E{SS=1 ${options} Listen ":25"{}}` })
    const first = Buffer.from(`NOOP ${'e'.repeat(300)}\r\n`.repeat(100))
    const client = gate.connect('A@25', { first })
    expect(await client.isAdmitted()).toBe(true)
    await until('every answer', () => client.text.split('250 2.0.0 ok\r\n').length === 101)
    expect(gate.upstream.connections[0]?.received.equals(first)).toBe(true)
  })

  it('a message of a megabyte reaches the mail server as it is', async () => {
    const gate = await Gate.start({ config: `E{SS=1 ${options} Listen ":25"{}}` })
    const client = await gate.admits('A@25')
    for (const line of ['EHLO a.test', 'MAIL FROM:<a@a.test>', 'RCPT TO:<b@b.test>']) {
      expect(await client.command(line)).toMatch(/^250 /)
    }
    expect(await client.command('DATA')).toMatch(/^354 /)
    const message = `${'..dots and MAIL FROM:<c@c.test> in a line of text\r\n'.repeat(20_000)}.`
    expect(await client.command(message)).toMatch(/^250 2\.0\.0 taken/)
    expect(await client.command('QUIT')).toMatch(/^221 /)
    await client.over()
    const behind = gate.upstream.connections[0]?.received.toString() ?? ''
    expect(behind.slice(behind.indexOf('DATA\r\n') + 6)).toBe(`${message}\r\nQUIT\r\n`)
    await gate.isEmpty()
  })

  it('come from clients that vanish at any moment, and nothing of them stays', async () => {
    const gate = await Gate.start({ config: `E{SS=5 ${options} Listen ":25"{}}` })
    const random = seededRandom()
    const script = Buffer.from(
      'EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\nSubject: x\r\n\r\ntext',
    )
    for (let round = 0; round < 30; round += 1) {
      const clients = Array.from({ length: 5 }, () => gate.connect('A@25'))
      await Promise.all(clients.map((client) => client.isAdmitted()))
      for (const client of clients) client.send(script.subarray(0, random.below(script.length)))
      await sleep(random.below(5))
      for (const client of clients) {
        random.pick([() => client.reset(), () => client.socket.destroy()])()
      }
      await gate.counts(0)
    }
    await gate.isEmpty()
    await gate.auditsClean()
  })
})
