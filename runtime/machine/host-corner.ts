/**
 * The host's corner of the ring matrix: threads it spawns, and exits that come back.
 *
 * A spawn costs a descriptor, a message for the arguments and a ring slot; completions are drained in batches when
 * the host's doorbell rings, in a turn of its event loop. The host never waits: what finds a ring full stays in a
 * queue here and goes out later, in order.
 */
import { LwktError } from '../base/errors.ts';
import { TDF_ALLOCATED_THREAD, TDPRI_KERN_DAEMON } from '../base/params.ts';
import { HOST, IPI } from '../base/protocol.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { stMessageArguments, takeValue, tryStArguments } from '../shared-memory/value.ts';
import { deathReason, isDeadCpu } from '../shared-memory/death.ts';
import {
  descriptorHandle,
  descriptorOf,
  endDescriptor,
  initDescriptor,
  keptForHolders,
} from '../shared-memory/descriptor.ts';
import {
  answerBell,
  BELL_HOST,
  BELL_STATE,
  endSleep,
  ringBell,
  sleepOnBellAsync,
} from '../shared-memory/doorbell.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { globaldataOf, ringOf } from '../shared-memory/layout/memory-map.ts';
import { breakLock } from '../shared-memory/lock.ts';
import { mendMessages } from '../shared-memory/messages.ts';
import {
  headFunc,
  ringComplete,
  ringPush,
  ringRelease,
  ringSlot,
  ringTaken,
  ringWritten,
} from '../shared-memory/ring.ts';
import { BUSY, mendSlab, slabGive, slabTake } from '../shared-memory/slab.ts';
import { mendSymbols } from '../shared-memory/symbols.ts';
import { stText } from '../shared-memory/text.ts';
import { ld, st, stA } from '../shared-memory/word.ts';

const { joiner: TD_JOINER, comm: TD_COMM, cpu: TD_CPU, threadq: TD_THREADQ } = Thread;

/** How the host asks for a thread. */
export interface HostSpawn {
  /** Number of the thread function. */
  readonly func: number;
  /** Its name, for messages. */
  readonly name: string;
  readonly args: readonly unknown[];
  readonly cpu: number;
  readonly priority?: number;
  /** Name for ps; default the function's. */
  readonly comm?: string;
}

interface Request {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What the corner tells its machine. */
export interface HostEvents {
  /** The machine's state word changed. */
  stateChanged(): void;
  /** A detached thread failed. */
  threadFailed(error: unknown): void;
}

/** The error for what a dead cpu should do. */
export function cpuDied(arena: Arena, what: string, cpu: number): LwktError {
  return new LwktError('ERR_LWKT_CPU_DIED', `${what}: cpu ${cpu} died: ${deathReason(arena, cpu)}`);
}

/** The host's corner of one machine. */
export class HostCorner {
  readonly #arena: Arena;
  readonly #self: number;
  readonly #bell: number;
  readonly #events: HostEvents;
  readonly #requests = new Map<number, Request>();
  readonly #outbox: number[][][];
  #nextRequest = 1;
  /** Why it is closed. */
  #closed: Error | undefined;

  constructor(arena: Arena, events: HostEvents) {
    this.#arena = arena;
    this.#self = arena.map.ncpus;
    this.#bell = globaldataOf(arena.map, this.#self);
    this.#events = events;
    this.#outbox = Array.from({ length: arena.map.ncpus }, () => []);
  }

  /** Threads that the host waits for. */
  get waiting(): number {
    return this.#requests.size;
  }

  /**
   * Makes a thread and waits for its end.
   *
   * @returns its result
   * @throws LwktError ERR_LWKT_THREADS, ERR_LWKT_CLONE, ERR_LWKT_MESSAGES; whatever the thread threw
   */
  spawn(spec: HostSpawn): Promise<unknown> {
    const made = this.#make(spec);
    if (made !== BUSY) return this.#start(spec, made);
    // A cpu stands in the tables; it may even be dead, and only a turn of the event loop can tell.
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      if (this.#closed) throw this.#closed;
      return this.spawn(spec);
    });
  }

  /** A thread that is only its arguments; BUSY when its memory is not to be had at once. */
  #make(spec: HostSpawn): number {
    const arena = this.#arena;
    const { m } = arena;
    if (isDeadCpu(arena, spec.cpu))
      throw cpuDied(arena, `spawn('${spec.name}') on cpu ${spec.cpu}`, spec.cpu);
    let td = 0;
    if (slabTake(arena, this.#self, 1, (ref) => (td = ref)) === BUSY) return BUSY;
    if (td === 0) {
      throw new LwktError(
        'ERR_LWKT_THREADS',
        `no thread for '${spec.name}': all ${arena.map.threads} are in use; wait for some to end, or raise threads (--threads)`,
      );
    }
    // First of all, and atomically: a descriptor in use must never name a cpu that died before (survive.ts).
    stA(m, td, TD_CPU, spec.cpu);
    initDescriptor(arena, td, spec.cpu, spec.func, TDF_ALLOCATED_THREAD, spec.priority ?? TDPRI_KERN_DAEMON);
    try {
      const { args, name } = spec;
      if (!tryStArguments(arena, td, args) && !stMessageArguments(arena, this.#self, td, name, args)) {
        this.#free(td);
        return BUSY;
      }
    } catch (error) {
      this.#free(td);
      throw error;
    }
    if (spec.comm !== undefined) stText(m, td + TD_COMM, 16, spec.comm);
    return td;
  }

  #start(spec: HostSpawn, td: number): Promise<unknown> {
    const { m } = this.#arena;
    const id = this.#nextRequest;
    this.#nextRequest = (id % 0x7fff_ffff) + 1;
    st(m, td, TD_JOINER, -id);
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      this.#send(spec.cpu, [IPI.adopt, descriptorHandle(this.#arena, td), 0, 0]);
    });
  }

  /**
   * A cpu's worker has ended: takes the short locks that it died with, and what it had sent to the host. What was to be
   * sent to it is dropped; its threads are the survivors' affair.
   */
  bereave(cpu: number): void {
    const arena = this.#arena;
    mendSlab(arena, cpu);
    mendMessages(arena, cpu);
    mendSymbols(arena, cpu);
    breakLock(arena.m, Machine.outputLock, cpu, this.#self, () => {});
    if (this.#closed === undefined) this.#drain();
    (this.#outbox[cpu] as number[][]).length = 0;
  }

  /** Gives the descriptors that a dead cpu kept for new threads back to all. Once its death is settled. */
  inherit(cpu: number): void {
    const arena = this.#arena;
    const { m, map } = arena;
    const gd = globaldataOf(map, cpu);
    let left = map.slots;
    slabGive(arena, this.#self, () => {
      const td = ld(m, gd, Globaldata.tdfreeq);
      if (td === 0 || left-- === 0) return 0;
      st(m, gd, Globaldata.tdfreeq, ld(m, td, TD_THREADQ));
      return td;
    });
  }

  #send(cpu: number, record: number[]): void {
    const queue = this.#outbox[cpu] as number[][];
    queue.push(record);
    this.#flush(cpu);
  }

  #flush(cpu: number): void {
    const { m, map } = this.#arena;
    if (isDeadCpu(this.#arena, cpu)) return;
    const queue = this.#outbox[cpu] as number[][];
    const ring = ringOf(map, this.#self, cpu);
    let sent = 0;
    for (; sent < queue.length; sent++) {
      const [func = 0, arg0 = 0, arg1 = 0, arg2 = 0] = queue[sent] as number[];
      if (!ringPush(m, ring, func, arg0, arg1, arg2)) break;
    }
    queue.splice(0, sent);
    if (sent !== 0) ringBell(m, globaldataOf(map, cpu), BELL_HOST);
    if (queue.length !== 0 && this.#closed === undefined) setImmediate(() => this.#flush(cpu));
  }

  /** Drains what cpus send until the corner is closed. */
  async serve(): Promise<void> {
    const { m } = this.#arena;
    while (this.#closed === undefined) {
      const sleep = sleepOnBellAsync(m, this.#bell, Infinity);
      if (sleep !== undefined) await sleep;
      if (this.#closed !== undefined) return;
      // A panic first: what a thread returned after it is worth nothing.
      if ((answerBell(m, this.#bell) & BELL_STATE) !== 0) this.#events.stateChanged();
      if (this.#closed !== undefined) return;
      this.#drain();
      // Other work of the host's event loop goes between two batches.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #drain(): void {
    const { m, map } = this.#arena;
    for (let source = 0; source < map.ncpus; source++) {
      const ring = ringOf(map, source, this.#self);
      const written = ringWritten(m, ring);
      let taken = ringTaken(m, ring);
      if (taken === written) continue;
      const records: [number, number, number][] = [];
      for (; taken !== written; taken = (taken + 1) | 0) {
        const slot = ringSlot(ring, taken);
        records.push([headFunc(m[slot] as number), m[slot + 1] as number, m[slot + 2] as number]);
      }
      const told = ringRelease(m, ring, taken);
      ringComplete(m, ring, taken);
      if (told) ringBell(m, globaldataOf(map, source), BELL_HOST);
      for (const [kind, handle, request] of records) this.#ended(kind, handle, request);
    }
  }

  #ended(kind: number, handle: number, id: number): void {
    const td = descriptorOf(this.#arena, handle);
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    try {
      const value = takeValue(this.#arena, this.#self, td);
      request?.resolve(value);
    } catch (error) {
      if (kind === HOST.failed) this.#events.threadFailed(error);
      else request?.reject(error);
    } finally {
      this.#free(td);
    }
  }

  #free(td: number): void {
    if (keptForHolders(this.#arena.m, td)) return;
    endDescriptor(this.#arena, td);
    let next = td;
    slabGive(this.#arena, this.#self, () => {
      const given = next;
      next = 0;
      return given;
    });
  }

  /**
   * Ends the service: rejects whoever still waits.
   *
   * @param drain - first take what cpus sent before they ended; not after a fault, whose results mean nothing
   */
  close(reason: Error, drain: boolean): void {
    if (this.#closed !== undefined) return;
    if (drain) this.#drain();
    this.#closed = reason;
    endSleep(this.#arena.m, this.#bell);
    for (const { reject } of this.#requests.values()) reject(reason);
    this.#requests.clear();
  }
}
