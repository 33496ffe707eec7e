/** Levels of chaos as data: what each adds to the trouble that threads make anyway. */

/** One level. */
export interface ChaosLevel {
  readonly title: string;
  /** One in so many blocking calls switches before; 0 for none. */
  readonly untimely: number;
  /** IPIs wait so long, microseconds, while a cpu is in a critical section, and then come in a batch. */
  readonly delayUs: number;
  /** Slots of the rings; 0 for what is asked for. */
  readonly ring: number;
  /** Garbage made at a time, KiB. */
  readonly garbageKib: number;
  /** A cpu looks at nothing for so long, microseconds. */
  readonly stallUs: number;
  /** The host changes tunables while the machine runs. */
  readonly shake: boolean;
  /** Milliseconds between two troubles on a cpu, on average. */
  readonly everyMs: number;
}

const NONE: ChaosLevel = {
  title: 'none',
  untimely: 0,
  delayUs: 0,
  ring: 0,
  garbageKib: 0,
  stallUs: 0,
  shake: false,
  everyMs: 0,
};

/** By level. */
export const CHAOS: readonly ChaosLevel[] = [
  NONE,
  { ...NONE, title: 'untimely switches', untimely: 200 },
  { ...NONE, title: 'and delayed, batched IPIs', untimely: 50, delayUs: 200, everyMs: 5 },
  {
    ...NONE,
    title: 'and rings of 2 slots, garbage collections',
    untimely: 20,
    delayUs: 500,
    ring: 2,
    garbageKib: 256,
    everyMs: 5,
  },
  {
    ...NONE,
    title: 'and cpus that stand still, tunables that change',
    untimely: 10,
    delayUs: 1000,
    ring: 2,
    garbageKib: 1024,
    stallUs: 10_000,
    shake: true,
    everyMs: 4,
  },
  {
    ...NONE,
    title: 'all of it, without mercy',
    untimely: 3,
    delayUs: 2000,
    ring: 2,
    garbageKib: 4096,
    stallUs: 50_000,
    shake: true,
    everyMs: 2,
  },
];

/** Tunables that are shaken, with the values they take by turns; the first is the default. */
export const SHAKEN: readonly (readonly [string, readonly number[]])[] = [
  ['lwkt.token_quantum_us', [10, 0, 100, 1000]],
  ['lwkt.mplock_quantum_us', [100, 0, 1000]],
  ['lwkt.spin_us', [50, 0, 500]],
  ['lwkt.tick_us', [100, 10, 2000]],
  ['lwkt.loop_us', [200, 10, 2000]],
  ['lwkt.waitq_message', [0, 1]],
];
