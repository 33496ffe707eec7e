/** What the rack checks, as data; and what it says of a check that failed. */

/** Name, meaning, suites that --busted makes it fail in (none: any). The order is part of the record. */
export const CHECKS = [
  ['exclusion', 'two threads were inside at once', ['tokens']],
  ['canary', 'what a thread wrote inside was changed by another', ['tokens']],
  ['lost-update', 'the sum of all sections is not what the threads counted', ['tokens']],
  ['generation', 'a generation did not move, or moved back, or said nothing of another holder', ['tokens']],
  ['ipi-order', 'an IPI ran out of order, twice or never', ['ipiq']],
  ['ipi-target', 'an IPI ran on the wrong cpu', ['ipiq']],
  ['ipi-data', 'an IPI came with other words than were sent', ['ipiq']],
  ['ipi-memory-in', 'an IPI did not see what was written before it was sent', ['ipiq']],
  ['ipi-memory-out', 'what an IPI wrote was not seen after waiting for it', ['ipiq']],
  ['ipi-count', 'more or fewer IPIs ran than were sent', ['ipiq']],
  ['ipi-crit', 'an IPI function ran outside of any critical section', ['ipiq']],
  ['ipi-heard', 'an IPI that had rung before a safepoint did not run at it', ['ipiq']],
  ['mp-count', 'the MP lock and the count of its thread disagree', ['mplock']],
  ['fifo', 'a thread was woken before one that had waited longer, or without a signal', ['waitq']],
  ['woken', 'a signal woke another number of threads than waited', ['waitq']],
  ['timeout', 'a wait ended before its time, or without its reason', ['waitq']],
  ['timer', 'a thread slept on past one whose time was over later', ['waitq']],
  ['preempt', 'an interrupt thread did not run at once', ['preempt']],
  ['crit', 'an interrupt thread ran inside a critical section', ['preempt']],
  [
    'resched',
    'a more urgent thread was not told of at the next safepoint, or not picked by the next switch',
    ['preempt'],
  ],
  ['release', 'a release hook ran though its thread only returned to whom it preempted', ['preempt']],
  ['priority', 'a less urgent interrupt thread ran on top of a more urgent one', ['preempt']],
  ['turn', 'a thread that gave way ran again before its equals', ['preempt']],
  ['result', 'a thread ended with the result of another, or with the wrong error', ['threads']],
  ['placement', 'a thread ran on another cpu than it was made for', ['threads']],
  ['stopped', 'a thread ran though it was stopped, killed or at its end', ['threads']],
  ['thread-count', 'threads were lost, or ran twice', ['threads']],
  ['readers', 'a reader was inside with a writer, or saw its work half done', ['sync']],
  ['units', 'a semaphore let in more threads than it has units, or units were lost', ['sync']],
  ['queue-item', 'an item of a queue was lost, or taken twice', ['sync']],
  ['barrier', 'a barrier opened before all had come, or for another number of last ones', ['sync']],
  ['once', 'something was done twice, or not yet done when it was over', ['sync']],
  ['poison', 'a lock whose holder failed did not say so, or one said so whose holder did not', ['sync']],
  ['refs', 'references to a thread were lost, or counted twice', ['threads']],
  ['threw', 'a thread of the suite ended by an error', []],
  ['left', 'something was left behind at the end', []],
  // ---- found by the host
  ['progress', 'a thread, or all of them, did nothing for too long', []],
  ['fairness', 'threads of a suite did too differently much', []],
  ['memory', 'memory grew over the run', []],
] as const;

export type Check = (typeof CHECKS)[number][0];

/** Checks that fail also because another thing has ended the thread: that one says more. */
export const SECONDARY_CHECKS: ReadonlySet<Check> = new Set(['threw', 'left']);

/** Kinds of what may be left at the end of a phase. */
export const LEFTOVERS = [
  'messages',
  'rings',
  'held',
  'requests',
  'owners',
  'waiting',
  'locked',
  'descriptors',
  'lists',
  'mplock',
] as const;

/**
 * How a value is to be read: a count; microseconds; a word in hexadecimal; no or yes; the line of a thread of a suite
 * in the record; the handle of a thread; one of {@link LEFTOVERS}.
 */
export type Unit = '' | 'us' | 'hex' | 'no-yes' | 'line' | 'handle' | 'leftover';

/** Values that a failed check has, by the name that it gives them: what they are called, and their unit. */
export const VALUES = {
  expected: ['expected', ''],
  found: ['found', ''],
  least: ['expected at least', ''],
  most: ['expected at most', ''],
  expectedWord: ['expected', 'hex'],
  foundWord: ['found', 'hex'],
  waitedUs: ['waited', 'us'],
  boundUs: ['bound', 'us'],
  section: ['section', ''],
  inside: ['inside', 'line'],
  canary: ['canary', ''],
  token: ['token', ''],
  generation: ['generation', ''],
  last: ['last', ''],
  source: ['from cpu', ''],
  target: ['to cpu', ''],
  number: ['number', ''],
  sequence: ['sequence', ''],
  head: ['head', 'hex'],
  kind: ['kind', ''],
  sent: ['sent', ''],
  ran: ['ran', ''],
  hasLock: ['has the lock', 'no-yes'],
  queue: ['queue', ''],
  ticket: ['ticket', ''],
  free: ['free to go', ''],
  signals: ['signals', ''],
  urgency: ['urgency', ''],
  below: ['below it', ''],
  place: ['place', ''],
  handle: ['thread', 'handle'],
  onCpu: ['on cpu', ''],
  made: ['made', ''],
  begun: ['begun', ''],
  ended: ['ended', ''],
  lock: ['lock', ''],
  item: ['item', ''],
  items: ['items', ''],
  member: ['member', ''],
  after: ['after member', ''],
  round: ['round', ''],
  group: ['group of', ''],
  told: ['told', 'no-yes'],
  threads: ['threads', ''],
  what: ['what', 'leftover'],
} as const satisfies Readonly<Record<string, readonly [label: string, unit: Unit]>>;

export type ValueName = keyof typeof VALUES;

/** What a check found, by name. At most {@link MOST_VALUES}. */
export type Values = Readonly<Partial<Record<ValueName, number>>>;

export const VALUE_NAMES = Object.keys(VALUES) as ValueName[];
/** Values that one failed check has at most. */
export const MOST_VALUES = 5;
