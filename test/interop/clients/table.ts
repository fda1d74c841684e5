// The mail clients of the field and how each is called: the table behind docs/clients.md and behind
// the test that runs them. Data only.

export type Protocol = 'IMAP' | 'POP3' | 'SMTP'

/** Where a session is turned away, or that it is not. */
export const stages = ['let in', 'at connect', 'after login', 'zone exhausted'] as const
export type Stage = (typeof stages)[number]

/** What a command line is made of. */
export interface Account {
  readonly port: number
  readonly user: string
  readonly password: string
  /** A folder for what the client writes. */
  readonly folder: string
}

/** A program and its arguments, and the configuration it is given, by file name. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  /** It wants a terminal: it gets one from `script`. */
  readonly needsTerminal?: boolean
}

export interface MailClient {
  readonly name: string
  readonly protocol: Protocol
  /** The Debian package; absent: it comes with npm or with Postern's own tests. */
  readonly package?: string
  readonly call: (account: Account) => Invocation
  /** The stages at which its user reads the words of the refusal. */
  readonly tells: readonly Exclude<Stage, 'let in'>[]
  /** The exit code of a run that went well, where that is not 0. */
  readonly codeWhenIn?: number
  /** It ends with 0 whatever happens. */
  readonly neverFails?: boolean
}

const mail = 'From: a@example.test\nTo: b@example.test\nSubject: x\n\nHello.\n'
const here = '127.0.0.1'

function curl(url: string, ...more: readonly string[]): MailClient['call'] {
  return ({ port, user, password, folder }) => ({
    program: 'curl',
    args: [
      '-sS',
      '--max-time',
      '10',
      '--user',
      `${user}:${password}`,
      ...more.map((word) => word.replace('{folder}', folder)),
      url.replace('{port}', String(port)),
    ],
    files: { message: mail },
  })
}

function python(script: string): MailClient['call'] {
  return ({ port, user, password }) => ({
    program: 'python3',
    args: [
      '-c',
      script
        .replaceAll('{port}', String(port))
        .replaceAll('{user}', user)
        .replaceAll('{password}', password),
    ],
  })
}

function npm(file: string): MailClient['call'] {
  return ({ port, user, password }) => ({
    program: 'node',
    args: [`test/interop/clients/${file}`, String(port), user, password],
  })
}

function fetchmail(protocol: string): MailClient['call'] {
  return ({ port, user, password, folder }) => ({
    program: 'fetchmail',
    args: ['-f', `${folder}/fetchmailrc`, '--nodetach', '--timeout', '10'],
    files: {
      fetchmailrc:
        `set idfile "${folder}/ids"\nset pidfile "${folder}/fetchmail.pid"\nset no bouncemail\n` +
        `poll ${here} protocol ${protocol} port ${port} auth password\n` +
        `  user "${user}" password "${password}" sslproto '' keep mda "cat"\n`,
    },
  })
}

const mbsync: MailClient['call'] = ({ port, user, password, folder }) => ({
  program: 'mbsync',
  args: ['-c', `${folder}/mbsyncrc`, '-a'],
  files: {
    mbsyncrc:
      `IMAPAccount a\nHost ${here}\nPort ${port}\nUser ${user}\nPass ${password}\n` +
      `SSLType None\nAuthMechs LOGIN\nTimeout 10\n\nIMAPStore far\nAccount a\n\n` +
      `MaildirStore near\nInbox ${folder}/box\nPath ${folder}/\n\n` +
      `Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState ${folder}/\n`,
  },
})

function mutt(scheme: string): MailClient['call'] {
  return ({ port, user, password, folder }) => ({
    program: 'mutt',
    args: ['-n', '-F', `${folder}/muttrc`, '-f', `${scheme}://${user}@${here}:${port}/`],
    needsTerminal: true,
    files: {
      muttrc:
        `set ${scheme}_pass="${password}" ssl_starttls=no ssl_force_tls=no\n` +
        `set folder="${folder}" header_cache="" certificate_file="" quit=yes sleep_time=1\n` +
        `set connect_timeout=5\npush q\n`,
    },
  })
}

const swaks: MailClient['call'] = ({ port, user, password }) => ({
  program: 'swaks',
  args: [
    '--server',
    here,
    '--port',
    String(port),
    '--timeout',
    '10',
    '--helo',
    'client.test',

    '--auth',
    'PLAIN',
    '--auth-user',
    user,
    '--auth-password',
    password,
    '--from',
    'a@example.test',
    '--to',
    'b@example.test',
    '--body',
    'Hello.',
  ],
})

const msmtp: MailClient['call'] = ({ port, user, password, folder }) => ({
  program: 'msmtp',
  args: ['-C', `${folder}/msmtprc`, '--timeout=10', '-a', 'a', 'b@example.test'],
  files: {
    msmtprc:
      `account a\nhost ${here}\nport ${port}\nfrom a@example.test\ntls off\n` +
      `auth plain\nuser ${user}\npassword ${password}\n`,
    stdin: mail,
  },
})

const imaplib = python(
  `import imaplib
c = imaplib.IMAP4('127.0.0.1', {port}, timeout=10)
c.login('{user}', '{password}')
print(c.select())
c.logout()`,
)
const poplib = python(
  `import poplib
c = poplib.POP3('127.0.0.1', {port}, timeout=10)
c.user('{user}')
c.pass_('{password}')
print(c.stat())
c.quit()`,
)
const smtplib = python(
  `import smtplib
c = smtplib.SMTP('127.0.0.1', {port}, timeout=10)
c.login('{user}', '{password}')
print(c.sendmail('a@example.test', 'b@example.test', 'Subject: x\\n\\nHello.\\n'))
c.quit()`,
)

const everyStage = ['at connect', 'after login', 'zone exhausted'] as const

export const clients: readonly MailClient[] = [
  {
    name: 'curl',
    protocol: 'IMAP',
    tells: [],
    package: 'curl',
    call: curl(`imap://${here}:{port}/`),
  },
  { name: 'mbsync', protocol: 'IMAP', tells: everyStage, package: 'isync', call: mbsync },
  {
    name: 'fetchmail',
    protocol: 'IMAP',
    tells: ['at connect'],
    codeWhenIn: 1,
    package: 'fetchmail',
    call: fetchmail('imap'),
  },
  {
    name: 'mutt',
    protocol: 'IMAP',
    tells: ['at connect'],
    neverFails: true,
    package: 'mutt',
    call: mutt('imap'),
  },
  { name: 'imapflow', protocol: 'IMAP', tells: ['after login'], call: npm('imapflow.mjs') },
  {
    name: "Python's imaplib",
    protocol: 'IMAP',
    tells: ['at connect', 'after login'],
    package: 'python3',
    call: imaplib,
  },
  {
    name: 'curl',
    protocol: 'POP3',
    tells: [],
    package: 'curl',
    call: curl(`pop3://${here}:{port}/`),
  },
  {
    name: 'fetchmail',
    protocol: 'POP3',
    tells: [],
    codeWhenIn: 1,
    package: 'fetchmail',
    call: fetchmail('pop3'),
  },
  {
    name: 'mutt',
    protocol: 'POP3',
    tells: everyStage,
    neverFails: true,
    package: 'mutt',
    call: mutt('pop'),
  },
  { name: 'node-pop3', protocol: 'POP3', tells: everyStage, call: npm('node-pop3.mjs') },
  {
    name: "Python's poplib",
    protocol: 'POP3',
    tells: everyStage,
    package: 'python3',
    call: poplib,
  },
  {
    name: 'curl',
    protocol: 'SMTP',
    tells: [],
    package: 'curl',
    call: curl(
      `smtp://${here}:{port}/client.test`,
      '--mail-from',
      'a@example.test',
      '--mail-rcpt',
      'b@example.test',
      '--upload-file',
      '{folder}/message',
    ),
  },
  { name: 'swaks', protocol: 'SMTP', tells: everyStage, package: 'swaks', call: swaks },
  { name: 'msmtp', protocol: 'SMTP', tells: everyStage, package: 'msmtp', call: msmtp },
  {
    name: "Python's smtplib",
    protocol: 'SMTP',
    tells: ['at connect'],
    package: 'python3',
    call: smtplib,
  },
]
