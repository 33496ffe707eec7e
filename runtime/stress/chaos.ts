/** Levels of chaos as data: what each adds to the trouble that threads make anyway. */

/** One level. */
export interface ChaosLevel {
  readonly title: string;
  /** One in so many blocking calls switches before; 0 for none. */
  readonly untimely: number;
  /** IPIs wait so long, microseconds, while a cpu is in a critical section, and then come in a batch. */
  readonly delayUs: number;
  /** One in so many sections loses its token to a thread that is made to take it; 0 for none. */
  readonly loss: number;
  /** Slots of the rings; 0 for what is asked for. */
  readonly ring: number;
  /** Garbage made at a time, KiB. */
  readonly garbageKib: number;
  /** Of that garbage, one in so many times all of a cpu's heap is collected at once; 0 for never. */
  readonly collect: number;
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
  loss: 0,
  ring: 0,
  garbageKib: 0,
  collect: 0,
  stallUs: 0,
  shake: false,
  everyMs: 0,
};

/** By level. */
export const CHAOS: readonly ChaosLevel[] = [
  NONE,
  { ...NONE, title: 'untimely switches', untimely: 200 },
  {
    ...NONE,
    title: 'and delayed, batched IPIs, forced loss of tokens',
    untimely: 50,
    delayUs: 200,
    loss: 100,
    everyMs: 5,
  },
  {
    ...NONE,
    title: 'and rings of 2 slots, storms of garbage collection',
    untimely: 20,
    delayUs: 500,
    loss: 50,
    ring: 2,
    garbageKib: 256,
    collect: 16,
    everyMs: 5,
  },
  {
    ...NONE,
    title: 'and cpus that stand still, tunables that change',
    untimely: 10,
    delayUs: 1000,
    loss: 20,
    ring: 2,
    garbageKib: 1024,
    collect: 8,
    stallUs: 10_000,
    shake: true,
    everyMs: 4,
  },
  {
    ...NONE,
    title: 'all of it, without mercy',
    untimely: 3,
    delayUs: 2000,
    loss: 5,
    ring: 2,
    garbageKib: 4096,
    collect: 4,
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
