/**
 * The limits and fixed numbers of the machine, in one place.
 *
 * Names and values of the first two groups are the seed's (`sys/thread.h` of July 2003); ours follow.
 */

// ---- thread priorities: the low five bits of td_pri are the priority, the rest counts critical sections

/** Mask of the scheduling priority in td_pri. */
export const TDPRI_MASK = 31;
/** One level of critical section in td_pri. */
export const TDPRI_CRIT = 32;
export const TDPRI_IDLE_THREAD = 0;
export const TDPRI_USER_IDLE = 4;
export const TDPRI_USER_NORM = 6;
export const TDPRI_USER_REAL = 8;
export const TDPRI_KERN_USER = 10;
export const TDPRI_KERN_DAEMON = 12;
export const TDPRI_SOFT_NORM = 14;
export const TDPRI_SOFT_TIMER = 16;
export const TDPRI_EXITING = 19;
export const TDPRI_INT_SUPPORT = 20;
export const TDPRI_INT_LOW = 27;
export const TDPRI_INT_MED = 28;
export const TDPRI_INT_HIGH = 29;
export const TDPRI_MAX = 31;
/** td_pri above this is a leak of critical sections (the seed's "too HIGH!"). */
export const TDPRI_LIMIT = 2000;

// ---- thread flags, spelled as in the seed

/** On the run queue of its cpu. A running thread stays queued. */
export const TDF_RUNQ = 0x0001;
/** Its stack is gone; the structure waits to be joined or reused. */
export const TDF_EXITED = 0x0002;
/** Came from the slab, goes back to it. */
export const TDF_ALLOCATED_THREAD = 0x0004;
/** Preempted: frozen under another thread of its cpu. */
export const TDF_PREEMPT_LOCK = 0x0008;
/** The preemptor has handed back. */
export const TDF_PREEMPT_DONE = 0x0010;
/** Announces its exit on stderr. */
export const TDF_VERBOSE = 0x0020;
/** On create: do not schedule. Later: stopped, so that giving way does not put it back; gone once it is scheduled. */
export const TDF_STOPREQ = 0x0040;
// ours
/** Has come to its cpu: on the list of all threads there. */
export const TDF_ADOPTED = 0x0100;
/** Nobody will join it: freed when it exits. */
export const TDF_DETACHED = 0x0200;
/** An interrupt thread: made runnable, it preempts at once (the seed's td_preemptable). */
export const TDF_PREEMPTABLE = 0x0400;
/** Idle thread of its cpu. */
export const TDF_IDLE = 0x0800;
/** Blocked with tokens in hand; its cpu keeps the list. */
export const TDF_TOKENS = 0x1000;
/** Was entered with the MP lock held, and may end with it. */
export const TDF_MPENTER = 0x2000;
/** Has a passive release hook (the seed's td_release). */
export const TDF_RELEASE = 0x4000;
/** To be ended when it would run next. */
export const TDF_KILLED = 0x8000;
/** Ends: its finally blocks run. */
export const TDF_EXITING = 0x1_0000;
/** May be moved to another cpu while it has not started. */
export const TDF_ANYCPU = 0x2_0000;
/** On its way from the cpu whose number + 1 is in `wait`. */
export const TDF_MOVED = 0x10_0000;
/** Leaves its cpu at the end of this step. */
export const TDF_LEAVING = 0x4_0000;
/** In a part of the kernel that has to come to its end: a kill waits for it. */
export const TDF_CLEANING = 0x8_0000;
/** Came from a move point: its function goes on here, from its state. */
export const TDF_GOES_ON = 0x40_0000;
/** Killed while it ran, and told so by a safepoint, which asked it to give way. */
export const TDF_TOLD = 0x80_0000;
/** Its wait ends by the clock at the latest. */
export const TDF_TIMED = 0x20_0000;

// ---- sizes

/** Most cpus of one machine. Bounded by the two request words of a token. */
export const MAXCPU = 64;
/** Slots of one IPI ring unless asked otherwise (the seed: 16). A power of two. */
export const DEFAULT_RING = 256;
export const MIN_RING = 2;
export const MAX_RING = 65_536;
/** Threads that fit a machine unless asked otherwise. */
export const DEFAULT_THREADS = 100_000;
/** Bits of a thread handle that name the slot; the rest is its generation. */
export const TD_SLOT_BITS = 22;
/** Most threads of one machine. */
export const MAX_THREADS = (1 << TD_SLOT_BITS) - 16_384;
/** Threads a cpu keeps in its own free cache, and how many it moves at once (the seed: 6). */
export const CACHE_NTHREADS = 128;
export const CACHE_BATCH = 64;
/** Named objects of one machine unless asked otherwise. */
export const DEFAULT_NAMES = 4096;
/** Bytes for named shared regions unless asked otherwise. */
export const DEFAULT_MEMORY = 64 * 1024 * 1024;
/** Bytes for cloned arguments and results on their way unless asked otherwise. */
export const DEFAULT_MESSAGES = 64 * 1024 * 1024;
/** Most bytes of one arena: a shared WebAssembly memory has 65,536 pages. */
export const MAX_ARENA_BYTES = 65_536 * 65_536;
/** Longest thread name in bytes (the seed: MAXCOMLEN). */
export const MAXCOMLEN = 16;
/** Deepest nesting of interrupts (IPI handlers that drain again) before a panic. */
export const MAX_INTR_NESTING = 20;
/** Bytes of the reason of a cpu's death kept in the arena. */
export const DEATH_TEXT_BYTES = 256;
/** Bytes of the panic text kept in the arena. */
export const PANIC_TEXT_BYTES = 2048;
