// What a plan says about the time before login, each option with its value or its default.

import { hostname } from 'node:os'
import { takesPasswordsOnly } from '../../policy/login.ts'
import type { LoginService } from '../../policy/login.ts'
import { loginDefaults } from '../../policy/login-defaults.ts'
import type { LoginMethod, StarttlsMode } from '../../policy/options.ts'
import type { Plan, Settings } from '../../policy/plan.ts'
import type { AuthFail } from '../../protocol/auth-http/outcome.ts'
import { safeText } from '../../protocol/dialogue/safe-text.ts'
import type { LoginDenial } from '../../protocol/upstream/login.ts'

type LoginOptions = typeof loginDefaults

/** The value of an option of the login. */
export function loginOption<K extends keyof LoginOptions>(
  settings: Settings,
  name: K,
): LoginOptions[K] {
  const options: { readonly [P in K]?: { readonly value: LoginOptions[P] } } = settings
  return options[name]?.value ?? loginDefaults[name]
}

/** What a client is shown and offered. */
interface Offer {
  readonly capabilities: readonly string[]
  readonly methods: readonly LoginMethod[]
}

export function offerOf(settings: Settings, service: LoginService): Offer {
  const { capabilities, methods } = rawOfferOf(settings, service)
  return { capabilities: capabilities.map(safeText), methods: methodsOf(settings, methods) }
}

function methodsOf(settings: Settings, listed: readonly LoginMethod[]): readonly LoginMethod[] {
  if (!takesPasswordsOnly(settings.authenticator?.value)) return listed
  const methods = listed.filter((method) => method === 'plain' || method === 'login')
  return methods.length === 0 ? ['plain'] : methods
}

/** A wrong login, where we decide about it ourselves: answered late, and the session goes on. */
export function wrongLogin(settings: Settings, said: LoginDenial): AuthFail {
  const { text, code } = said
  return {
    kind: 'fail',
    text: text === '' ? 'Invalid login or password' : text,
    ...(code === undefined ? {} : { errorCode: code }),
    // 0 is the next tick of the wheel.
    waitMs: loginOption(settings, 'authFailDelay').ms ?? 0,
  }
}

/** With the delay, a session tries five passwords in ten seconds; freenginx's `max_errors` is 5. */
export const wrongLoginsMax = 5

function rawOfferOf(settings: Settings, service: LoginService): Offer {
  switch (service) {
    case 'imap':
      return {
        capabilities: loginOption(settings, 'imapCapabilities'),
        methods: loginOption(settings, 'imapAuth'),
      }
    case 'pop3':
      return {
        capabilities: loginOption(settings, 'pop3Capabilities'),
        methods: loginOption(settings, 'pop3Auth'),
      }
    case 'smtp':
      return {
        capabilities: settings.smtpCapabilities?.value ?? extensionsOf(settings),
        methods: loginOption(settings, 'smtpAuth'),
      }
  }
}

/** momentum SMTP_Extensions, without those that the dialogue announces by itself. */
function extensionsOf(settings: Settings): readonly string[] {
  const listed = settings.smtpExtensions?.value ?? loginDefaults.smtpCapabilities
  return listed.filter((extension) => !/^(?:STARTTLS|AUTH)(?:[ =]|$)/i.test(extension))
}

/** Momentum turns STARTTLS on by its name in SMTP_Extensions. */
export function starttlsOf(plan: Plan): StarttlsMode {
  const { starttls, smtpExtensions, tlsCertificate } = plan.settings
  if (starttls !== undefined) return starttls.value
  const isListed = smtpExtensions?.value.some((word) => word.toUpperCase() === 'STARTTLS') ?? false
  const isPossible =
    plan.listener.service === 'smtp' && (tlsCertificate?.value.files.length ?? 0) > 0
  return isListed && isPossible ? 'on' : loginDefaults.starttls
}

// An upstream is greeted with it, so it is one printable word.
const namePattern = /^[!-~]{1,255}$/

/** Our name for clients and upstreams. */
export function serverNameOf(settings: Settings): string {
  const given = [settings.serverName?.value, settings.bannerHostname?.value]
  return given.find(isName) ?? machineName()
}

function isName(name: string | undefined): boolean {
  return name !== undefined && namePattern.test(name)
}

/** Asked of the kernel only where no name is given: this runs for every login. */
function machineName(): string {
  const name = hostname()
  return isName(name) ? name : 'localhost'
}

/** momentum Static_Banner as a dialogue says it: its last line, without the code. */
export function greetingOf(settings: Settings): string | undefined {
  return settings.staticBanner?.value.split('\r\n').at(-1)?.slice('220 '.length)
}
