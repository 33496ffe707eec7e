/**
 * Tunables of the machine: one atomic word each, written by whoever sets them, read by every cpu.
 *
 * Seed: the SYSCTL_INT declarations at the top of lwkt_thread.c.
 */
import type { Atomic } from '../struct.ts';

/** Name, default, least, most, one line of description. The order is part of the layout. */
export const TUNABLES = [
  ['lwkt.token_debug', 0, 0, 1, 'print token transfers on stderr'],
  [
    'lwkt.untimely_switch',
    0,
    0,
    1_000_000,
    'chaos: force a switch before one in so many blocking calls, chosen at random; 0 for none',
  ],
  ['lwkt.untimely_seed', 1, 0, 0x7fff_ffff, 'seed of the random choices of lwkt.untimely_switch'],
  [
    'lwkt.waitq_message',
    0,
    0,
    1,
    'wait queues: 0 gets the token of the queue, 1 asks the cpu that owns it by IPI',
  ],
  [
    'lwkt.mplock_quantum_us',
    100,
    0,
    1_000_000,
    'microseconds a cpu may keep the MP lock that another one waits for',
  ],
  [
    'lwkt.balance',
    1,
    0,
    1,
    "give threads that may run anywhere ('any') and have not started to cpus with nothing to do",
  ],
  [
    'lwkt.watchdog_ms',
    1000,
    0,
    3_600_000,
    'milliseconds a cpu may compute without a safepoint before the host says so; 0 for ever',
  ],
  [
    'lwkt.panic_grace_ms',
    100,
    0,
    3_600_000,
    'milliseconds a cpu has after a panic to reach a safepoint before it is ended by force',
  ],
  [
    'lwkt.token_quantum_us',
    10,
    0,
    1_000_000,
    'microseconds a cpu may keep a token that another one asked for',
  ],
  [
    'lwkt.events',
    1,
    0,
    2,
    'what each cpu records for dumps: 0 nothing; 1 starts, ends, tokens, the MP lock, sleeps; 2 also switches and IPIs',
  ],
  ['lwkt.spin_us', 50, 0, 1_000_000, 'microseconds an idle cpu polls before it sleeps'],
  ['lwkt.tick_us', 100, 10, 1_000_000, 'microseconds between looks at the clock of a busy cpu'],
  ['lwkt.loop_us', 200, 10, 1_000_000, 'microseconds a busy cpu may keep a waiting event loop from turning'],
  ['lwkt.ipiq_wait_warn_ms', 1000, 1, 3_600_000, 'milliseconds a wait for an IPI may take before a warning'],
  ['lwkt.ipiq_wait_panic_ms', 10_000, 1, 3_600_000, 'milliseconds a wait for an IPI may take before a panic'],
] as const;

export type TunableName = (typeof TUNABLES)[number][0];

/** Words of the sysctl region. */
export const SYSCTL_WORDS = 64;

/** Offset of a tunable in the sysctl region. */
export function tunable(name: TunableName): Atomic {
  return TUNABLES.findIndex(([known]) => known === name) as Atomic;
}
