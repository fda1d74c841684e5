// Conformance cases of momentum section 9, on real sockets and with the numbers of its table: the
// shared budgets, which one service or one Listen has in all.
// A mark such as S7 is the rule of SEMANTICS.md that settles a case which Momentum's
// documents leave open.

import { describe } from 'vitest'
import { testSequences } from './kit/sequence.ts'
import type { Sequence } from './kit/sequence.ts'

/** Every client has its own address of 127.0.0.0/8, or the same one when the case says so. */
const sharedBudgets: readonly Sequence[] = [
  {
    name: 'case 01: without a cap any number of sessions is admitted',
    config: 'E{Listen ":25"{}}',
    play: 'A@25 x30 ok',
    open: 30,
  },
  {
    name: 'case 02: a cap of 0 is no cap',
    config: 'E{SS=0 LS=0 Listen ":25"{}}',
    play: 'A@25 x50 ok',
    open: 50,
  },
  {
    name: 'case 05: a cap of 2 admits exactly 2 (S5)',
    config: 'E{SS=2 Listen ":25"{}}',
    play: 'A@25 ok, B@25 ok, C@25 421, D@25 421',
    open: 2,
  },
  {
    name: 'case 06: Service_Sessions is shared by all listens of the service',
    config: 'E{SS=2 Listen ":25"{} Listen ":587"{}}',
    play: 'A@25 ok, B@587 ok, C@25 421, C@587 421',
    open: 2,
  },
  {
    name: 'case 07: a Unix socket shares the ceiling',
    config: 'E{SS=2 Listen ":25"{} Listen "/run/s.sock"{}}',
    play: 'unix ok, A@25 ok, unix 421',
    open: 2,
  },
  {
    name: 'case 08: Listener_Sessions of the listener is the default of each Listen (S6)',
    config: 'E{LS=2 Listen ":25"{} Listen ":587"{}}',
    play: 'A@25 x2 ok, A@25 421, A@587 x2 ok, A@587 421',
    open: 4,
  },
  {
    name: 'case 09: Listener_Sessions of one Listen leaves the other one alone',
    config: 'E{Listen ":25"{LS=1} Listen ":587"{}}',
    play: 'A@25 ok, B@25 421, B@587 x12 ok',
    open: 13,
  },
  {
    name: 'case 10: Listener_Sessions of a Listen overrides the listener’s (S6)',
    config: 'E{LS=5 Listen ":25"{LS=1} Listen ":587"{}}',
    play: 'A@25 ok, A@25 421, A@587 x5 ok, A@587 421',
    open: 6,
  },
  {
    name: 'case 16: the budget is per scope, so one address may fill it',
    config: 'E{SS=2 Listen ":25"{}}',
    play: 'A@25 x2 ok, B@25 421',
    open: 2,
  },
  {
    name: 'case 30: a value of one Listen binds that Listen and counts the service (S7)',
    config: 'E{Listen ":25"{SS=2} Listen ":587"{}}',
    play: 'A@587 ok, A@25 ok, B@25 421, B@587 ok',
    open: 3,
  },
  {
    name: 'case 31: ECStream sessions do not count for SMTP, nor the other way round (S13)',
    config: 'ECStream_Listener{Listen ":1825"{}} E{SS=1 Listen ":25"{}}',
    play: 'A@1825 x3 ok, A@25 ok, B@25 421, A@1825 ok',
    open: 5,
  },
  {
    name: 'case 32: the cap of a pathway binds the sessions assigned to it (S11)',
    config: 'Pathway "p"{SS=1} E{Listen ":25"{Pathway="p"} Listen ":587"{}}',
    play: 'A@25 ok, B@25 421, B@587 ok',
    open: 2,
  },
  {
    // Without PROXY headers: with them the listener's pathway is asked at accept already (S12).
    name: 'case 36: a session has one effective pathway, the one its Peer names (S11)',
    config: `Pathway "a"{SS=1} Pathway "b"{}
      E{Pathway="a" Peer "127.10.0.0/16"{Pathway="b"} Listen ":25"{}}`,
    play: '127.0.2.1@25 ok, 127.0.2.2@25 421, 127.10.0.1@25 x3 ok',
    open: 4,
  },
  {
    name: 'case 43: a client of a Unix socket matches as loopback (S10)',
    config: 'E{Peer "127.0.0.0/8"{SS=1} Listen "/run/s.sock"{}}',
    play: 'unix ok, unix 421',
    open: 1,
  },
  {
    name: 'case 56: an explicit 0 exempts a Listen, whose sessions count all the same (S4, S7)',
    config: 'E{Listen ":25"{SS=2} Listen ":587"{SS=0}}',
    play: 'A@587 x5 ok, A@25 421, A@587 ok',
    open: 6,
  },
  {
    name: 'case 57: a Listen may have more than its listener, counted over the service (S7)',
    config: 'E{SS=2 Listen ":25"{SS=3} Listen ":587"{}}',
    play: 'A@587 x2 ok, A@587 421, A@25 ok, A@25 421',
    open: 3,
  },
]

describe('Momentum conformance, shared budgets', () => {
  testSequences(sharedBudgets)
})
