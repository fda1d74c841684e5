// Whether an address of an upstream list answers: the log is told once when it stops, and once when
// it is back, however many sessions find out.

import type { Session } from './session.ts'
import { markFailed, markWorking } from './upstream-pool.ts'
import type { UpstreamTarget } from './upstream-pool.ts'

/** It did not come to a dialogue with it. */
export function noteUpstreamFailure(session: Session, target: UpstreamTarget): void {
  const isNews = target.isListed && target.skippedUntilMs === 0
  markFailed(target, session.host.clock.monotonicMs())
  if (isNews) session.write('warn', 'upstream stopped answering', target.text)
}

export function noteUpstreamAnswer(session: Session, target: UpstreamTarget): void {
  const isNews = target.isListed && target.skippedUntilMs > 0
  markWorking(target)
  if (isNews) session.write('notice', 'upstream answers again', target.text)
}
