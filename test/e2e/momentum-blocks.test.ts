// Conformance cases of momentum section 9, on real sockets and with the numbers of its table: the
// budgets of Peer blocks.
// A mark such as S7 is the rule of SEMANTICS.md that settles a case which Momentum's
// documents leave open.

import { describe } from 'vitest'
import { testSequences } from './kit/sequence.ts'
import type { Sequence } from './kit/sequence.ts'

const seedBlocks = 'E{SS=5 Peer "10.0.0.0/8"{SS=4} Peer "0.0.0.0/0"{SS=2} Listen ":25"{}}'

/** Addresses as in the table, by PROXY headers: v1 and v2 in turn. */
const blockBudgets: readonly Sequence[] = [
  {
    name: 'case 17: a Peer caps its block and nobody else',
    config: 'E{Peer "10.0.0.0/8"{SS=2} Listen ":25"{}}',
    proxy: 'v1',
    play: '10.1.1.1@25 ok, 10.2.2.2@25 ok, 10.3.3.3@25 421, 192.0.2.1@25 x5 ok',
    open: 7,
  },
  {
    name: 'case 18: each block has a budget of its own',
    config: 'E{Peer "10.0.0.0/8"{SS=1} Peer "172.16.0.0/12"{SS=1} Listen ":25"{}}',
    proxy: 'v2',
    play: '10.1.1.1@25 ok, 172.16.1.1@25 ok, 10.2.2.2@25 421, 172.31.2.2@25 421',
    open: 2,
  },
  {
    name: 'case 19: the outer value stays an absolute ceiling over all blocks (S7)',
    config: seedBlocks,
    proxy: 'v1',
    play: '10.0.0.1@25 x3 ok, 192.0.2.1@25 x2 ok, 10.0.0.2@25 421',
    open: 5,
  },
  {
    name: 'case 20: a tighter block refuses although there is room below the ceiling',
    config: seedBlocks,
    proxy: 'v2',
    play: '192.0.2.1@25 ok, 198.51.100.1@25 ok, 203.0.113.1@25 421',
    open: 2,
  },
  {
    name: 'case 21: trusted sessions do not eat the budget of everyone else (S9)',
    config: seedBlocks,
    proxy: 'v1',
    play: '10.0.0.1@25 x2 ok, 192.0.2.1@25 ok, 198.51.100.1@25 ok',
    open: 4,
  },
  {
    name: 'case 22: 0.0.0.0/0 does not match IPv6, which meets the ceiling only (S10)',
    config: seedBlocks,
    proxy: 'v2',
    play: '2001:db8::1@25 x5 ok, 2001:db8::1@25 421',
    open: 5,
  },
  {
    name: 'case 23: the most specific block counts alone (S9)',
    config: 'E{Peer "10.0.0.0/8"{SS=3} Peer "10.1.0.0/16"{SS=1} Listen ":25"{}}',
    proxy: 'v1',
    play: '10.1.0.1@25 ok, 10.1.0.2@25 421, 10.2.0.1@25 x3 ok, 10.2.0.4@25 421',
    open: 4,
  },
  {
    name: 'case 25: the Peers of the Listen go before longer prefixes of the listener (S7)',
    config: `E{Peer "10.0.0.1"{SS=1}
      Listen ":25"{Peer "10.0.0.0/8"{SS=3}} Listen ":587"{}}`,
    proxy: 'v2',
    play: '10.0.0.1@25 x3 ok, 10.0.0.1@25 421, 10.0.0.1@587 ok, 10.0.0.1@587 421',
    open: 4,
  },
  {
    name: 'case 28: a 0 in a Peer lifts its block budget and leaves the ceiling (S8)',
    config: 'E{SS=2 Peer "10.0.0.0/8"{SS=0} Listen ":25"{}}',
    proxy: 'v1',
    play: '10.0.0.1@25 x2 ok, 10.0.0.2@25 421',
    open: 2,
  },
  {
    name: 'case 29: an explicit 0 in an inner Peer cancels the outer one (S8)',
    config: 'E{Peer "10.0.0.0/8"{SS=1} Listen ":25"{Peer "10.0.0.5"{SS=0}}}',
    proxy: 'v2',
    play: '10.0.0.5@25 x10 ok, 10.0.0.6@25 ok, 10.0.0.6@25 421',
    open: 11,
  },
  {
    name: 'case 44: an IPv6 Peer matches every spelling of an address',
    config: 'E{Peer "2001:db8::/32"{SS=1} Listen "[::]:25"{}}',
    proxy: 'v1',
    play: '2001:DB8:0::1@25 ok, 2001:db8::2@25 421, ::1@25 ok',
    open: 2,
  },
  {
    name: 'case 45: on a dual-stack socket an IPv4-mapped address is IPv4 (S10)',
    config: 'E{Peer "10.0.0.0/8"{SS=1} Listen "[*]:25"{}}',
    proxy: 'v2',
    play: '::ffff:10.0.0.1@25 ok, 10.0.0.2@25 421',
    open: 1,
  },
]

/** The same without headers: the kernel's own addresses, in blocks of 127.0.0.0/8. */
const plainBlocks: readonly Sequence[] = [
  {
    name: 'case 17, without PROXY headers: a Peer caps its block and nobody else',
    config: 'E{Peer "127.10.0.0/16"{SS=2} Listen ":25"{}}',
    play: '127.10.1.1@25 ok, 127.10.2.2@25 ok, 127.10.3.3@25 421, 127.0.2.1@25 x5 ok',
    open: 7,
  },
  {
    name: 'case 18, without PROXY headers: each block has a budget of its own',
    config: 'E{Peer "127.10.0.0/16"{SS=1} Peer "127.16.0.0/12"{SS=1} Listen ":25"{}}',
    play: '127.10.1.1@25 ok, 127.16.1.1@25 ok, 127.10.2.2@25 421, 127.31.2.2@25 421',
    open: 2,
  },
  {
    name: 'case 19, without PROXY headers: the outer value stays an absolute ceiling',
    config: 'E{SS=5 Peer "127.10.0.0/16"{SS=4} Peer "0.0.0.0/0"{SS=2} Listen ":25"{}}',
    play: '127.10.0.1@25 x3 ok, 127.0.2.1@25 x2 ok, 127.10.0.2@25 421',
    open: 5,
  },
  {
    name: 'case 23, without PROXY headers: the most specific block counts alone',
    config: 'E{Peer "127.0.0.0/8"{SS=3} Peer "127.1.0.0/16"{SS=1} Listen ":25"{}}',
    play: '127.1.0.1@25 ok, 127.1.0.2@25 421, 127.2.0.1@25 x3 ok, 127.2.0.4@25 421',
    open: 4,
  },
  {
    name: 'case 44, without PROXY headers: an IPv6 Peer caps its address',
    config: 'E{Peer "::1"{SS=1} Listen "[::]:25"{}}',
    play: '::1@25 ok, ::1@25 421',
    open: 1,
  },
  {
    name: 'case 45, without PROXY headers: IPv4 clients of a dual-stack socket are IPv4',
    config: 'E{Peer "127.0.0.0/8"{SS=1} Listen "[*]:25"{}}',
    play: 'A@25 ok, B@25 421, ::1@25 x2 ok',
    open: 3,
  },
]

describe('Momentum conformance, block budgets by PROXY header', () => {
  testSequences(blockBudgets)
})

describe('Momentum conformance, block budgets by address of the socket', () => {
  testSequences(plainBlocks)
})
