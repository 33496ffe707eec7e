/**
 * This cpu: the memory it is attached to and what it runs. Every worker has its own instance of this module, so
 * module-level state here is per-cpu state.
 *
 * Hot files take `cpu.m` into a local first and index words with offsets bound at their top.
 *
 * Seed: struct globaldata, mycpu, curthread, globaldata_find.
 */
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { counter, Globaldata, type CounterName } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { tunable, type TunableName } from '../shared-memory/layout/sysctl.ts';
import type { Plain } from '../shared-memory/struct.ts';
import { ld, ldHint, type Mem } from '../shared-memory/word.ts';

/** What a cpu is, from the moment it is attached. */
interface Attached {
  arena: Arena;
  m: Mem;
  /** Number of this cpu. */
  id: number;
  ncpus: number;
  /** Word offset of its globaldata, whose first word is its doorbell. */
  gd: number;
  /** Word offset of the slab. */
  slab: number;
  ringSize: number;
  /** True when cpus outnumber cores: spin little. */
  crowded: boolean;
  idlethread: ThreadRef;
  /** True once a machine is attached. */
  attached: boolean;
}

/** What a cpu does just now. */
interface Running {
  /** The running thread; the idle thread when none runs. */
  curthread: ThreadRef;
  /** Something of higher priority became runnable, or the tick asks for round robin. */
  resched: boolean;
  /** Nesting of IPI processing. */
  intrNesting: number;
  /** Tokens that the current thread holds. */
  held: number;
  /** Looks at the doorbell left before the next look at the clock. */
  polls: number;
  /** The last drain found several IPIs of one source. */
  burst: boolean;
  /** The event loop wants a turn. */
  turn: boolean;
  /** Highest priority of an interrupt thread that waits for a chance to preempt; 0 for none (the seed's gd_reqpri). */
  reqpri: number;
  /** This cpu has the MP lock. */
  mpHeld: boolean;
  /** The MP lock was released or is kept for this cpu: look at it at the next switch. */
  mpBell: boolean;
  /** Another cpu has waited long enough for the MP lock: give it up at the next switch. */
  mpDue: boolean;
  /** Chaos is on: sysctl lwkt.untimely_switch. */
  untimely: boolean;
  /** How much is recorded: sysctl lwkt.events, as of the last look at the clock; and that look, microseconds. */
  events: number;
  tickUs: number;
  /** Deaths of other cpus that this one has seen: 0 in a machine where none died. */
  deaths: number;
  /** Something is to be done about a cpu that died, at the next switch. */
  mourns: boolean;
  /** The machine halts or panicked: run no more threads. */
  halted: boolean;
}

/** Per-cpu state in the heap of the cpu. */
export type Cpu = Attached & Running;

/** A cpu of no machine. */
const UNATTACHED: Attached = {
  arena: undefined as unknown as Arena,
  m: new Int32Array(0),
  id: -1,
  ncpus: 0,
  gd: 0,
  slab: 0,
  ringSize: 0,
  crowded: false,
  idlethread: 0,
  attached: false,
};

const running: Running = {
  curthread: 0,
  resched: false,
  intrNesting: 0,
  held: 0,
  polls: 0,
  burst: false,
  turn: false,
  reqpri: 0,
  mpHeld: false,
  mpBell: false,
  mpDue: false,
  untimely: false,
  events: 0,
  tickUs: 0,
  deaths: 0,
  mourns: false,
  halted: false,
};

/**
 * This cpu. What it is comes from its prototype until it is attached, and is its own from then on, written once: what was
 * written once V8 takes for a constant, and so the memory, its address and its length are in the code of every function
 * here, and not looked up. A token costs some 5 ns more without: `benchmarks/parts.ts`.
 */
export const cpu = Object.setPrototypeOf(running, UNATTACHED) as Cpu;

/** Where a worker says which copy of this module its cpu is in. */
const BOUND = Symbol.for('lwkt.cpu');

type Bound = { [BOUND]?: string };

/**
 * Binds this worker to one cpu of a machine. Once per worker.
 *
 * Context: boot; never blocks.
 *
 * @param arena - the machine's memory
 * @param id - 0 .. ncpus - 1
 */
export function attachCpu(arena: Arena, id: number): void {
  const { m, map } = arena;
  const attached: Attached = {
    arena,
    m,
    id,
    ncpus: map.ncpus,
    gd: globaldataOf(map, id),
    slab: map.slab,
    ringSize: map.ringSize,
    crowded: ld(m, 0, Machine.crowded) === 1,
    idlethread: map.slab + (1 + id) * Thread.WORDS,
    attached: true,
  };
  Object.assign(cpu, attached);
  cpu.curthread = cpu.idlethread;
  (globalThis as Bound)[BOUND] = import.meta.url;
}

/**
 * Refuses a copy of lwkt that is not the one whose cpu this worker is: what it registers nobody would find.
 *
 * Context: any; never blocks.
 *
 * @param what - the caller, for the error
 * @throws LwktError ERR_LWKT_NO_MACHINE
 */
export function refuseOtherCopy(what: string): void {
  const bound = (globalThis as Bound)[BOUND];
  if (cpu.attached || bound === undefined) return;
  throw new LwktError(
    'ERR_LWKT_NO_MACHINE',
    `${what}: this worker is a cpu of the lwkt at ${bound}, and the program has loaded ` +
      `${bound === import.meta.url ? 'the same files once more' : `another one, ${import.meta.url}`}: import from ` +
      `'lwkt/thread', by this name, and not from a path or a bundle`,
  );
}

/**
 * The machine this code runs on.
 *
 * Context: thread | ipi | idle | boot; never blocks.
 *
 * @param what - the caller, for the error
 * @throws LwktError ERR_LWKT_NO_MACHINE outside a cpu
 */
export function requireCpu(what: string): Cpu {
  if (!cpu.attached) {
    refuseOtherCopy(what);
    throw new LwktError(
      'ERR_LWKT_NO_MACHINE',
      `${what} works only on a cpu of a machine: this module was loaded by an ordinary thread; start it with ` +
        '`lwkt run PROGRAM` or boot({ program }), and in the host import nothing but types from it (`import type`)',
    );
  }
  return cpu;
}

/**
 * Offset of a counter for use with `count(m, cpu.gd, field)`.
 *
 * Context: any; never blocks.
 */
export function counterField(name: CounterName): Plain {
  return counter(name);
}

/**
 * Current value of a tunable; may be a moment old.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function sysctlValue(name: TunableName): number {
  return ldHint(cpu.m, cpu.arena.map.sysctl, tunable(name));
}

/**
 * Checks a cpu number.
 *
 * Context: any; never blocks.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function checkCpu(what: string, dcpu: number): void {
  if (!Number.isInteger(dcpu) || dcpu < 0 || dcpu >= cpu.ncpus) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${what}: there is no cpu ${String(dcpu)}: this machine has 0 .. ${cpu.ncpus - 1}`,
    );
  }
}

/** Number of the calling cpu. Context: thread | ipi | idle; never blocks. */
export function mycpu(): number {
  return requireCpu('mycpu()').id;
}

/** Number of cpus of the machine. Context: thread | ipi | idle; never blocks. */
export function ncpus(): number {
  return requireCpu('ncpus()').ncpus;
}

/** Word offset of another corner's globaldata. Context: any; never blocks. @seed globaldata_find */
export function globaldataFind(corner: number): number {
  return cpu.arena.map.globaldata + corner * Globaldata.WORDS;
}
