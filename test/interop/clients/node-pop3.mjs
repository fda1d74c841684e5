// A program with node-pop3, as its README begins one: argv holds port, user and password.

import Pop3Command from 'node-pop3'

const [port, user, password] = process.argv.slice(2)
const pop3 = new Pop3Command({
  host: '127.0.0.1',
  port: Number(port),
  user,
  password,
  timeout: 5000,
})
try {
  process.stdout.write(`STAT: ${await pop3.STAT()}\n`)
  await pop3.QUIT()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
