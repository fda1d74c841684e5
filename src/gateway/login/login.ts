// One session's login: drives the dialogue with the client, has its credentials judged, and hands
// the session to the relay once its upstream has taken it. Reads no bytes and knows no protocol.

import { assert, unreachable } from '../../base/assert.ts'
import type { Verdict } from '../../engine/verdict.ts'
import { loginFailed } from '../../protocol/auth-http/log-text.ts'
import type { AuthFail } from '../../protocol/auth-http/outcome.ts'
import type {
  AuthOutcome as DialogueAnswer,
  ClientDialogue,
  DialogueActions,
  DialogueClose,
} from '../../protocol/dialogue/dialogue.ts'
import { loginServiceOf } from '../../policy/login.ts'
import type { Plan } from '../../policy/plan.ts'
import { beginTls } from '../begin-tls.ts'
import { detachClient } from '../client.ts'
import { lingerClient, sayGoodbye } from '../closing.ts'
import { lingerOf } from '../linger.ts'
import { relayLoggedIn } from '../relay.ts'
import { sessionKey } from '../session-socket.ts'
import type { LoginStage, Session } from '../session.ts'
import type { UpstreamTarget } from '../upstream-pool.ts'
import { adoptUpstream } from '../upstream.ts'
import { admitLogin } from './admit-login.ts'
import { factsOf, loginBytes } from './auth-question.ts'
import type { Attempt } from './auth-question.ts'
import type { Authenticator, LoginAccept, LoginOutcome, LoginQuestion } from './authenticator.ts'
import { authenticatorOf } from './authenticator-of.ts'
import { clientDialogueOf, upstreamLoginOf } from './dialogue-of.ts'
import { loginOption } from './login-settings.ts'
import { UpstreamRun } from './upstream-run.ts'

// An auth server that has somebody wait asks for seconds; a thousand times is hours, and by then
// it is broken.
const waitsMax = 1000

const forever = Number.POSITIVE_INFINITY
const timedOut = 'timed out (110: Connection timed out)'

type Phase =
  /** smtp_greeting_delay runs. */
  | 'greeting'
  | 'commands'
  | 'asking'
  /** The auth server said WAIT: it is asked again. */
  | 'waiting'
  /** The login has failed, and the client is to be told after Auth-Wait. */
  | 'delayed'
  | 'upstream'
  | 'ended'

export class Login implements LoginStage {
  readonly #session: Session
  /** As it was at the start: a reload concerns the sessions after it. */
  readonly #plan: Plan
  readonly #authenticator: Authenticator
  readonly #dialogue: ClientDialogue
  #phase: Phase = 'greeting'
  #action: string = 'sending client greeting line'
  /** Absolute: commands do not move it (freenginx `timeout`). */
  #commandsUntilMs = forever
  /** Empty: nobody, with the method `none`. */
  #login: Buffer | undefined
  #attempt: Attempt | undefined
  #waitCount = 0
  #askedMs = 0
  #question: LoginQuestion | undefined
  #failure: AuthFail | undefined
  #failureCount = 0
  #upstream: UpstreamRun | undefined

  /** Greets the client. `early` is what it has already sent. */
  static begin(session: Session, early: Buffer | undefined): void {
    const { plan } = session.engineSession
    const service = loginServiceOf(plan)
    assert(service !== undefined, 'a plan that asks for a login')
    const dialogue = clientDialogueOf(session, plan, service)
    const authenticator = authenticatorOf(session, plan.settings)
    const login = new Login(session, { plan, authenticator, dialogue })
    if (session.setup !== undefined) session.setup.login = login
    login.#start(early)
  }

  private constructor(
    session: Session,
    parts: {
      readonly plan: Plan
      readonly authenticator: Authenticator
      readonly dialogue: ClientDialogue
    },
  ) {
    this.#session = session
    this.#plan = parts.plan
    this.#authenticator = parts.authenticator
    this.#dialogue = parts.dialogue
  }

  get action(): string {
    return this.#upstream?.action ?? this.#question?.action ?? this.#action
  }

  get user(): string | undefined {
    const isNamed = this.#login !== undefined && this.#login.length > 0
    return isNamed ? this.#login?.toString() : undefined
  }

  onTimeout(): void {
    switch (this.#phase) {
      case 'greeting':
        this.#awaitCommands()
        this.#apply(this.#dialogue.greetingDue())
        return
      case 'commands':
        this.#session.write('info', `client ${timedOut} while ${this.#action}`)
        this.#session.client.destroy()
        return
      case 'asking':
        this.#question?.onTimeout()
        return
      case 'waiting':
        this.#ask()
        return
      case 'delayed':
        if (this.#failure !== undefined) this.#tellFailure(this.#failure)
        return
      case 'upstream':
        this.#upstream?.onTimeout()
        return
      case 'ended':
        return
      default:
        unreachable(this.#phase)
    }
  }

  close(): void {
    this.#phase = 'ended'
    this.#attempt = undefined
    this.#question?.abandon()
    this.#upstream?.abandon()
  }

  #onTls(): void {
    this.#action = 'in auth state'
    this.#session.receive = (_session, chunk) => this.#onClientBytes(chunk)
    this.#session.enter('login', { untilMs: this.#commandsUntilMs })
    this.#apply(this.#dialogue.tlsStarted())
  }

  #start(early: Buffer | undefined): void {
    const session = this.#session
    session.receive = (_session, chunk) => this.#onClientBytes(chunk)
    const delayMs = loginOption(this.#plan.settings, 'smtpGreetingDelay').ms
    if (session.service === 'smtp' && delayMs !== undefined) {
      session.enter('login', { untilMs: session.host.clock.monotonicMs() + delayMs })
      this.#action = 'in delay pipelining state'
    } else {
      this.#awaitCommands()
    }
    this.#apply(this.#dialogue.start())
    if (early !== undefined && early.length > 0) this.#onClientBytes(early)
  }

  /** From now on the client has its time to log in; after a failed login it has it once more. */
  #awaitCommands(): void {
    const ms = loginOption(this.#plan.settings, 'loginTimeout').ms
    this.#phase = 'commands'
    this.#action = 'in auth state'
    this.#commandsUntilMs = ms === undefined ? forever : this.#nowMs() + ms
    this.#session.enter('login', { untilMs: this.#commandsUntilMs })
  }

  #onClientBytes(chunk: Buffer): void {
    if (this.#phase !== 'ended') this.#apply(this.#dialogue.fromClient(chunk))
  }

  /** Does what the dialogue asks for, in the order it promises. */
  #apply(actions: DialogueActions): void {
    const session = this.#session
    for (const { level, text, action } of actions.logs ?? []) {
      session.write(level, `${text} while ${action}`)
    }
    for (const bytes of actions.toClient ?? []) session.client.write(bytes)
    const { close, event } = actions
    if (close !== undefined) {
      this.#end(close)
      return
    }
    if (event?.kind === 'starttls') {
      this.#action = 'in starttls state'
      session.receive = undefined
      session.usesStarttls = true
      beginTls(session, { untilMs: this.#commandsUntilMs, onSecured: () => this.#onTls() })
      return
    }
    if (actions.pauseClient === true) {
      session.client.pause()
      session.noteStalled()
    } else if (session.client.isPaused()) {
      session.client.resume()
    }
    if (event !== undefined) this.#onCredentials(event)
  }

  #end({ reason, level, lingers }: DialogueClose): void {
    const session = this.#session
    // The dialogue has logged the others itself.
    if (reason === 'too much sent before the reply') session.write(level, reason)
    session.receive = undefined
    session.upstream?.destroy()
    lingerClient(session)
    if (!lingers) session.client.destroySoon()
  }

  #onCredentials(attempt: Attempt): void {
    this.#attempt = attempt
    this.#waitCount = 0
    // Copied, since it outlives the large chunk whose memory it may share.
    this.#login = Buffer.from(loginBytes(attempt.credentials))
    this.#ask()
  }

  #ask(): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.#enter('asking', this.#authenticator.timeoutMs)
    this.#askedMs = this.#session.host.clock.monotonicMs()
    this.#question = this.#authenticator.ask(attempt, (outcome) => this.#onOutcome(outcome))
  }

  #onOutcome(outcome: LoginOutcome): void {
    if (this.#phase !== 'asking') return
    this.#question = undefined
    const session = this.#session
    session.touch()
    const tookMs = session.lastActivityMs - this.#askedMs
    session.host.meters.authentication.observe(tookMs / 1000)
    switch (outcome.kind) {
      case 'accept':
        this.#onAccept(outcome)
        return
      case 'wait':
        this.#onWait(outcome.waitMs)
        return
      case 'fail':
        this.#session.write('info', `${loginFailed(outcome.text)} while ${this.#action}`)
        this.#failure = outcome
        if (outcome.waitMs === undefined) this.#tellFailure(outcome)
        else this.#enter('delayed', outcome.waitMs)
        return
      case 'broken':
        this.#onBroken(outcome.logText)
        return
      case 'lost':
        this.#fail(outcome.reply)
        return
      default:
        unreachable(outcome)
    }
  }

  /** 0 means at once; it is the next tick of the wheel, so that a broken server gets no storm. */
  #onWait(waitMs: number): void {
    this.#waitCount += 1
    if (this.#waitCount > waitsMax) {
      this.#onBroken(`${this.#authenticator.name} asked to wait too often`)
    } else {
      this.#enter('waiting', waitMs)
    }
  }

  #onBroken(text: string): void {
    this.#session.write('error', `${text} while ${this.#action}`)
    this.#answer({ kind: 'internal_error' })
  }

  #tellFailure({ text, errorCode, saslChallenge, waitMs }: AuthFail): void {
    const { failuresMax = Number.POSITIVE_INFINITY } = this.#authenticator
    this.#failureCount += 1
    const keepsSession = waitMs !== undefined && this.#failureCount < failuresMax
    this.#failure = undefined
    this.#attempt = undefined
    this.#login = undefined
    this.#awaitCommands()
    this.#answer({
      kind: 'refused',
      text,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(saslChallenge === undefined ? {} : { saslChallenge }),
      keepsSession,
    })
  }

  #answer(answer: DialogueAnswer): void {
    this.#apply(this.#dialogue.authenticated(answer))
  }

  /** The stage after authentication: all limits, once, before the upstream (SEMANTICS S14). */
  #onAccept(answer: LoginAccept): void {
    const session = this.#session
    if (answer.user !== undefined) this.#login = answer.user
    const facts = factsOf(session, this.#login, answer)
    const waiting = admitLogin({ session, facts, answer }, (verdict) => {
      this.#question = undefined
      this.#onVerdict(answer, verdict)
    })
    if (waiting !== undefined) this.#question = waiting
  }

  #onVerdict(answer: LoginAccept, verdict: Verdict): void {
    if (verdict.kind === 'admit') {
      this.#goOn(answer)
      return
    }
    // An upstream that has taken the client already is left: it may not have it.
    if (answer.upstream.kind === 'ready') answer.upstream.run.closeThen(() => {})
    const kind = verdict.reason === 'exhausted' ? 'internal_error' : 'limited'
    this.#turnAway(this.#dialogue.authenticated({ kind }))
  }

  /** It holds no slot any more, so it is no session any more (SEMANTICS S3). */
  #turnAway({ toClient = [] }: DialogueActions): void {
    const { client, host } = this.#session
    detachClient(client)
    this.#session.handOver()
    client[sessionKey] = undefined
    host.refusals.refuseKindly(client, Buffer.concat(toClient), lingerOf(this.#plan.settings))
  }

  #goOn(answer: LoginAccept): void {
    const { upstream } = answer
    if (upstream.kind === 'known') {
      this.#connect(answer, upstream.targets)
      return
    }
    this.#attempt = undefined
    this.#phase = 'upstream'
    this.#upstream = upstream.run
    // It may have gone while the store was asked.
    if (upstream.run.isLost) this.#fail(undefined)
    else this.#relay(upstream.words)
  }

  #connect(answer: LoginAccept, targets: readonly UpstreamTarget[]): void {
    const session = this.#session
    const attempt = this.#attempt
    if (attempt === undefined) return
    const { settings } = this.#plan
    const dialogue = upstreamLoginOf(session, settings, { attempt, answer })
    this.#attempt = undefined
    if (dialogue === undefined) {
      this.#onBroken(`${this.#authenticator.name} did not send password`)
      return
    }
    this.#phase = 'upstream'
    this.#upstream = new UpstreamRun({
      session,
      targets,
      dialogue,
      timeoutMs: loginOption(settings, 'loginTimeout').ms,
      onDone: (words) => this.#relay(words),
      onFailed: ({ reply }) => this.#fail(reply),
    })
    this.#upstream.start()
  }

  #fail(reply: Buffer | undefined): void {
    if (reply === undefined) this.#answer({ kind: 'internal_error' })
    else sayGoodbye(this.#session, reply)
  }

  /** The upstream has taken the client: what either has said meanwhile goes first. */
  #relay(words: readonly Buffer[]): void {
    const session = this.#session
    const socket = this.#upstream?.release()
    if (socket === undefined) return
    const { rest } = this.#dialogue.authenticated({ kind: 'accepted' })
    if (rest !== undefined) session.setup?.kept.push(rest)
    for (const bytes of words) session.client.write(bytes)
    adoptUpstream(session, socket)
    const silenceMs = loginOption(this.#plan.settings, 'proxyTimeout').ms
    relayLoggedIn(session, silenceMs === undefined ? {} : { silenceMs })
  }

  #enter(phase: 'asking' | 'waiting' | 'delayed', ms: number | undefined): void {
    this.#phase = phase
    this.#action = this.#authenticator.action
    const limits = ms === undefined ? {} : { untilMs: this.#nowMs() + ms }
    this.#session.enter('authenticating', limits)
  }

  #nowMs(): number {
    return this.#session.host.clock.monotonicMs()
  }
}
