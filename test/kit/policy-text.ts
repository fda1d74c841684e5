// Random configurations in Momentum's language, which can say every policy: with options at every
// scope, several listeners of a service, peers inside and around each other, and pathways.

import fc from 'fast-check'

const small = fc.integer({ min: 0, max: 9 })

/** What a cap says about counting over all nodes. */
const count = fc.constantFrom('true', 'false', '[ When_Away = refuse ]', '[ When_Away = local ]')

/** Options that any session scope takes. */
const sessionOption = fc.oneof(
  small.map((n) => `Service_Sessions = ${n}`),
  small.map((n) => `Listener_Sessions = ${n}`),
  fc.boolean().map((is) => `Service_Sessions_Dry_Run = ${is}`),
  fc.boolean().map((is) => `Listener_Sessions_Dry_Run = ${is}`),
  count.map((value) => `Service_Sessions_Cluster = ${value}`),
  count.map((value) => `Listener_Sessions_Cluster = ${value}`),
  fc.constantFrom('0', '30', '1.5').map((time) => `Idle_Time = ${time}`),
  fc.constantFrom('off', 'v1', 'v2').map((version) => `Upstream_Proxy_Protocol = ${version}`),
  fc.constantFrom('127.0.0.1:26', '[::1]:27', '/run/up.sock').map((to) => `Upstream = "${to}"`),
  fc.constantFrom('0', '4096').map((rate) => `Limit_Rate = ${rate}`),
)

/** Options of those who log in. */
const loginOption = fc.oneof(
  small.map((n) => `Max_Errors = ${n}`),
  fc.constantFrom('off', 'on', 'only').map((mode) => `STARTTLS = ${mode}`),
  fc.constantFrom('5', '0.25').map((time) => `Login_Timeout = ${time}`),
  fc.boolean().map((is) => `Limit_Conn_Dry_Run = ${is}`),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())
    .map(([cap, dry]) => `Limit_Conn "users" { Sessions = ${cap}${dry ? ' Dry_Run = true' : ''} }`),
  fc.constant('Auth_HTTP_Headers = [ X-Key = "a b;{}" X-Key = "\\"$x" ]'),
  fc.constant('Server_Name = "mx.example.net"'),
)

function body(...options: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.array(fc.oneof(...options), { maxLength: 4 }).map((lines) => lines.join('\n'))
}

const blocks = ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '::/0', '2001:db8::/32']

const peers = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...blocks), body(sessionOption)), {
    maxLength: 3,
    selector: ([block]) => block,
  })
  .map((found) => found.map(([block, inner]) => `Peer "${block}" {\n${inner}\n}`).join('\n'))

const pathwayName = fc.constantFrom('', '', '', 'Pathway = "p"')

/** Endpoints must differ, so each listener has ports of its own. */
function listens(from: number): fc.Arbitrary<string> {
  const inner = fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      {
        weight: 1,
        arbitrary: fc.tuple(body(sessionOption), pathwayName).map((parts) => parts.join('\n')),
      },
    ),
    fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: peers }),
    fc.constantFrom('', '', 'Listen_Backlog = 7', 'Proxy_Protocol = true', 'Enable = false'),
  )
  return fc
    .array(inner, { minLength: 1, maxLength: 3 })
    .map((found) =>
      found
        .map(
          (parts, index) =>
            `Listen "${hosts[index] ?? ''}:${from + index}" {\n${parts.join('\n')}\n}`,
        )
        .join('\n'),
    )
}

const hosts = ['', '127.0.0.1', '[::]']

interface ListenerParts {
  readonly kind: string
  readonly name: string
  readonly port: number
}

function listener({ kind, name, port }: ListenerParts): fc.Arbitrary<string> {
  const login = fc.oneof(
    fc.constant('Auth_HTTP = "http://127.0.0.1:9000/auth"'),
    fc.constant('Auth_HTTP = "unix:/run/auth.sock:/ask"'),
    fc.constant(''),
  )
  return fc
    .tuple(login, body(sessionOption, loginOption), pathwayName, listens(port), peers)
    .map(([auth, options, pathway, inner, around]) =>
      [
        `${kind} ${name} {`,
        'Upstream = "127.0.0.1:10000"',
        'TLS_Certificate = "tls/server.pem"',
        auth,
        options,
        pathway,
        inner,
        around,
        '}',
      ].join('\n'),
    )
}

/** A whole text that loads. */
export const policyText: fc.Arbitrary<string> = fc
  .tuple(
    listener({ kind: 'ESMTP_Listener', name: '', port: 2500 }),
    fc.oneof(fc.constant(''), listener({ kind: 'ESMTP_Listener', name: '"two"', port: 2600 })),
    fc.oneof(fc.constant(''), listener({ kind: 'IMAP_Listener', name: '"boxes"', port: 2700 })),
    fc.oneof(fc.constant(''), listener({ kind: 'POP3_Listener', name: '', port: 2800 })),
    body(sessionOption),
  )
  .map(([one, two, imap, pop3, pathway]) =>
    [
      'Cluster { Server = ( "redis://10.0.0.5" ) When_Away = local Share = "1/3" }',
      'Limit_Conn_Zone "users" { Key = "$remote_user $listener" Size = "1m" Net = "20/48" Cluster = true }',
      one,
      two,
      imap,
      pop3,
      `Pathway "p" {\n${pathway}\n}`,
    ].join('\n'),
  )
