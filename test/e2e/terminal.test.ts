// What an operator sees and does in a terminal: kick, refusals, and top in a real one (tmux).

import { spawnSync } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { haveDebian } from '../interop/debian.ts'
import { Gate } from './kit/gate.ts'
import { mainFile, Program } from './kit/process.ts'
import { until } from './kit/until.ts'

const config = `E{SS=20 Peer "10.0.0.0/8"{SS=3} Peer "192.0.2.0/24"{SS=2} Listen ":25"{}}`

describe.each([1, 2])('kick with %i workers', (workers) => {
  it('ends the sessions of a network, then one by its number, and nobody else', async () => {
    const gate = await Gate.start({ config: `Workers = ${workers} ${config}`, proxy: 'v1' })
    const ours = await gate.play('10.0.0.1@25 x3 ok')
    const strangers = await gate.play('192.0.2.9@25 x2 ok')
    const dry = await gate.runs('kick', '192.0.2.0/24', '--dry-run')
    expect(dry.stdout.split('\n').filter((line) => line.includes('192.0.2.9'))).toHaveLength(2)
    const ended = await gate.runs('kick', '192.0.2.0/24')
    expect(ended).toEqual({
      code: 0,
      stdout: 'ended 2 sessions: from 192.0.2.0/24\n',
      stderr: '',
    })
    await Promise.all(strangers.map((client) => client.over()))
    await gate.holds(3)
    const { stdout } = await gate.runs('sessions', '--json')
    const [first] = JSON.parse(stdout).sessions
    const one = await gate.runs('kick', `*${first.id}`)
    expect(one.stdout).toBe(`ended session *${first.id}\n`)
    await until('one of them to see it', () => ours.filter((client) => !client.isLive).length === 1)
    await gate.holds(2)
  })
})

describe('kick', () => {
  it('says that nobody was meant', async () => {
    const gate = await Gate.start({ config })
    expect(await gate.runs('kick', 'bob', '--older', '10m')).toEqual({
      code: 1,
      stdout: 'no session: user bob, open for 600 s or more\n',
      stderr: '',
    })
    expect(await gate.runs('kick', '77')).toMatchObject({ code: 1, stdout: 'no session *77\n' })
  })
})

describe('refusals', () => {
  it('lists the last ones with the limit that decided and where it stands', async () => {
    const gate = await Gate.start({ config, proxy: 'v1' })
    await gate.play('10.0.0.1@25 x3 ok, 10.0.0.2@25 421, 192.0.2.9@25 x2 ok, 192.0.2.9@25 421')
    const { stdout } = await gate.runs('refusals', '--from', '10.0.0.0/8', '--why')
    const [line, ...limits] = stdout.trimEnd().split('\n')
    const decider = 'service_sessions "ESMTP_Listener Peer 10.0.0.0/8" 3/3'
    expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \*\d+ 10\.0\.0\.2, on \S+:\d+: /)
    expect(line).toContain(`${decider}, ${gate.place.path('postern.conf')}:2`)
    expect(limits).toHaveLength(4)
    expect(limits.filter((limit) => limit.endsWith('(refuses)'))).toHaveLength(1)
    const { refusals, matchingCount } = JSON.parse((await gate.runs('refusals', '--json')).stdout)
    expect([refusals.length, matchingCount]).toEqual([2, 2])
  })

  it('--follow goes on with those that come, once each', async () => {
    const gate = await Gate.start({ config, proxy: 'v1' })
    await gate.play('10.0.0.1@25 x3 ok, 10.0.0.2@25 421')
    const args = ['refusals', '-c', 'postern.conf', '-p', gate.place.directory]
    const program = new Program([...args, '--follow', '--from', '10.0.0.0/8'], { cwd: '/' })
    onTestFinished(() => program.signal('SIGKILL'))
    const lines = (): number => program.stdout.split('\n').length - 1
    await until('the one before', () => lines() === 1)
    await gate.play('10.0.0.3@25 421, 192.0.2.9@25 x2 ok, 192.0.2.9@25 421, 10.0.0.4@25 421')
    await until('those that came', () => lines() === 3)
    expect(program.stdout).toMatch(/10\.0\.0\.2,[^]*10\.0\.0\.3,[^]*10\.0\.0\.4,/)
    expect(program.stdout).not.toContain('192.0.2.9')
    await gate.stop()
    expect((await program.ended()).code).toBe(0)
    expect(program.stderr).toBe('postern: the daemon has ended\n')
  })
})

/** A terminal of 110 by 20 in which a command of the gate runs. */
class Tmux {
  readonly #server: string

  constructor(gate: Gate, ...args: readonly string[]) {
    this.#server = `postern-test-${process.pid}-${gate.pid}`
    const source = ['-c', 'postern.conf', '-p', gate.place.directory]
    const command = [process.execPath, mainFile, ...args, ...source]
    this.#run('-f', '/dev/null', 'new-session', '-d', '-x', '110', '-y', '20', ...command)
    onTestFinished(() => void this.#run('kill-server'))
  }

  get screen(): string {
    return this.#run('capture-pane', '-p')
  }

  keys(...keys: readonly string[]): void {
    this.#run('send-keys', ...keys)
  }

  async shows(pattern: RegExp): Promise<string> {
    return until(
      () => `${pattern} on the screen:\n${this.screen}`,
      () => {
        const { screen } = this
        return pattern.test(screen) && screen
      },
    )
  }

  /** The command has ended, and its terminal with it. */
  async isOver(): Promise<void> {
    await until('the end of the terminal', () => this.#run('list-sessions') === '')
  }

  #run(...args: readonly string[]): string {
    return spawnSync('tmux', ['-L', this.#server, ...args], { encoding: 'utf8' }).stdout
  }
}

describe.runIf(haveDebian(['tmux'], ['tmux']))('top in a terminal', () => {
  it('shows what is full, who was turned away and why, and ends a session', async () => {
    const gate = await Gate.start({ config, proxy: 'v1' })
    const clients = await gate.play('10.0.0.1@25 x3 ok, 10.0.0.2@25 421')
    const tmux = new Tmux(gate, 'top', '--every', '200ms')
    const limits = await tmux.shows(/^############ +3 +3 +3 +1 /m)
    expect(limits).toContain('service_sessions ESMTP_Listener Peer 10.0.0.0/8')
    tmux.keys('4')
    const why = await tmux.shows(/\(refuses\)/)
    expect(why).toContain('10.0.0.2')
    tmux.keys('3')
    await tmux.shows(/\*3 /)
    tmux.keys('Down', 'x')
    await tmux.shows(/End session \*2 from 10\.0\.0\.1\? \[y\/N\]/)
    tmux.keys('y')
    await tmux.shows(/ended \*2/)
    await clients[1]?.over()
    await gate.holds(2)
    tmux.keys('2')
    await tmux.shows(/service_sessions of ESMTP_Listener Peer 10\.0\.0\.0\/8/)
    tmux.keys('q')
    await tmux.isOver()
  })

  it('waits for a daemon that is gone, and says so', async () => {
    const gate = await Gate.start({ config })
    const tmux = new Tmux(gate, 'top', '--every', '200ms')
    await tmux.shows(/0 sessions/)
    await gate.stop()
    await tmux.shows(/control socket "[^"]+": /)
    tmux.keys('q')
    await tmux.isOver()
  })
})

describe('top without a terminal', () => {
  it('prints one look as text, or as JSON', async () => {
    const gate = await Gate.start({ config, proxy: 'v1' })
    await gate.play('10.0.0.1@25 x3 ok, 10.0.0.2@25 421')
    const { stdout, code } = await gate.runs('top')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^FILL +USED +CAP/m)
    expect(stdout).not.toContain('\u001B')
    const look = JSON.parse((await gate.runs('top', '--json')).stdout)
    expect(Object.keys(look)).toEqual(['status', 'limits', 'budgets', 'sessions', 'refusals'])
    expect(look.sessions.sessions).toHaveLength(3)
  })
})

describe('--node', () => {
  it('asks another gate over its admin API, and says which one does not answer', async () => {
    const gate = await Gate.start({
      config: `Admin = "{dir}/admin.sock" ${config}`,
      proxy: 'v1',
    })
    const [client] = await gate.play('10.0.0.1@25 x3 ok, 10.0.0.2@25 421')
    const node = ['--node', gate.place.path('admin.sock')]
    const { stdout } = await gate.runs('refusals', ...node)
    expect(stdout).toContain('service_sessions "ESMTP_Listener Peer 10.0.0.0/8" 3/3')
    expect((await gate.runs('top', '--view', 'keys', ...node)).stdout).toMatch(/^#+ +3 +3 /m)
    expect((await gate.runs('kick', '*1', ...node)).stdout).toBe('ended session *1\n')
    await client?.over()
    const missing = gate.place.path('none.sock')
    const both = await gate.runs('status', ...node, '--node', missing, '--json')
    expect(both.code).toBe(1)
    expect(JSON.parse(both.stdout)).toMatchObject([
      { answer: { sessionsActive: 2 } },
      { node: missing, problem: expect.stringContaining('ENOENT') },
    ])
  })
})
