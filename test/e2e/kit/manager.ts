// A service manager as systemd is one to a daemon: a datagram socket, and what was sent to it. Node
// has no such sockets, so a few lines of perl receive.

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { until } from './until.ts'

const script = `
use Socket; $| = 1; my $path = shift; $path =~ s/^@/\\0/;
my $socket; socket($socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($socket, pack_sockaddr_un($path)) or die $!;
print "bound\\n";
while (defined recv($socket, my $message, 4096, 0)) { $message =~ s/\\n/ /g; print "$message\\n" }
`

export class Manager {
  readonly #lines: string[] = []

  /** `path` begins with @ when it is an abstract one. */
  static async start(path: string): Promise<Manager> {
    const manager = new Manager()
    const child = spawn('perl', ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => {
      child.kill()
      if (!path.startsWith('@')) rmSync(path, { force: true })
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      manager.#lines.push(...lines)
    })
    await until('the receiver', () => manager.#lines.includes('bound'))
    return manager
  }

  /** All that was sent but barriers, which `systemd-notify` adds for itself. */
  get messages(): readonly string[] {
    return this.#lines.filter((line) => line !== 'bound' && !line.startsWith('BARRIER='))
  }

  async hears(pattern: RegExp, times = 1): Promise<void> {
    await until(
      () => `${pattern} among ${JSON.stringify(this.messages)}`,
      () => this.messages.filter((line) => pattern.test(line)).length >= times,
    )
  }
}
