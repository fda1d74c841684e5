// What the demo says when it is ready: first one line that fills a cap and shows the refusal.

import type { DemoPlaces } from './demo-configuration.ts'
import { paint } from './terminal.ts'
import type { Terminal } from './terminal.ts'

export interface DemoShown extends DemoPlaces {
  /** The prefix, holding configuration, pid file and sockets. */
  readonly directory: string
  readonly file: string
  readonly maildir: string
}

/**
 * One more than the example's cap for everybody outside 10.0.0.0/8; fits the usual 1024 open files.
 */
const fillingCount = 601

/**
 * A bash line that opens the sessions, reads what the last one is told, and closes them by ending.
 */
function fillingLine(port: number): string {
  return `bash -c 'for i in $(seq ${fillingCount}); do exec {fd}<>/dev/tcp/127.0.0.1/${port}; done; head -n1 <&$fd'`
}

/** A message by curl, which nearly every system has. */
function mailLine(port: number): string {
  return (
    String.raw`printf 'From: ann@example.com\r\nTo: bob@example.com\r\nSubject: Through the gate\r\n\r\nHello.\r\n' | ` +
    `curl -sS smtp://127.0.0.1:${port} --mail-from ann@example.com --mail-rcpt bob@example.com --upload-file -`
  )
}

/** What listens where, and what to try next. */
export function demoText(shown: DemoShown, terminal: Terminal): string {
  const { smtpPort, submissionPort, socketPath, directory, file, maildir } = shown
  const { invocation, isColorOut } = terminal
  const explain = `explain -p ${directory} --listen 127.0.0.1:${smtpPort} --from 127.0.0.1 --live`
  const step = (title: string, ...lines: readonly string[]): string =>
    [paint(isColorOut, 'bold', title), ...lines.map((line) => `  ${line}`), ''].join('\n')
  return [
    '',
    paint(
      isColorOut,
      'green',
      `Postern is ready, in front of a mail server on 127.0.0.1:${shown.upstreamPort}.`,
    ),
    `Its policy is ${file}; it listens on 127.0.0.1:${smtpPort},`,
    `127.0.0.1:${submissionPort} and ${socketPath}.`,
    '',
    step(
      'Fill the cap of 600 sessions and read what the next client is told:',
      fillingLine(smtpPort),
    ),
    step('Send a message through the gate and find it:', mailLine(smtpPort), `ls ${maildir}/new`),
    step(
      'Ask which limits a session meets, with the counts of this moment:',
      `${invocation} ${explain}`,
    ),
    step(
      'See the whole, and who is connected:',
      `${invocation} status -p ${directory}`,
      `${invocation} sessions -p ${directory}`,
    ),
    step(
      `Change a cap in the policy above and have it read again:`,
      `${invocation} -p ${directory} -s reload`,
    ),
    step('Stop: Ctrl-C here, or', `${invocation} -p ${directory} -s quit`),
    '',
  ].join('\n')
}
