/**
 * The host's corner of the ring matrix: threads it spawns, and exits that come back.
 *
 * A spawn costs a descriptor, a message for the arguments and a ring slot; completions are drained in batches when
 * the host's doorbell rings, in a turn of its event loop. The host never waits: what finds a ring full stays in a
 * queue here and goes out later, in order.
 */
import { LwktError } from '../base/errors.ts';
import { TDPRI_KERN_DAEMON } from '../base/params.ts';
import { HOST, IPI } from '../base/protocol.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { argumentsToMessage, stMessageValue, takeValue, VALUE_MESSAGE } from '../shared-memory/clone.ts';
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
import { Thread } from '../shared-memory/layout/thread.ts';
import { globaldataOf, ringOf } from '../shared-memory/layout/memory-map.ts';
import {
  ringComplete,
  ringPush,
  ringRelease,
  ringSlot,
  ringTaken,
  ringWritten,
} from '../shared-memory/ring.ts';
import { slabGive, slabTake } from '../shared-memory/slab.ts';
import { stText } from '../shared-memory/text.ts';
import { st } from '../shared-memory/word.ts';

const { joiner: TD_JOINER, comm: TD_COMM } = Thread;

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

/** The host's corner of one machine. */
export class HostCorner {
  readonly #arena: Arena;
  readonly #self: number;
  readonly #bell: number;
  readonly #events: HostEvents;
  readonly #requests = new Map<number, Request>();
  readonly #outbox: number[][][];
  #nextRequest = 1;
  #closed = false;

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
    const { m } = this.#arena;
    const arena = this.#arena;
    let td = 0;
    slabTake(arena, this.#self, 1, (ref) => (td = ref));
    if (td === 0) {
      throw new LwktError(
        'ERR_LWKT_THREADS',
        `no thread for '${spec.name}': all ${arena.map.threads} are in use; wait for some to end, or raise threads (--threads)`,
      );
    }
    initDescriptor(arena, td, spec.cpu, spec.func, 0, spec.priority ?? TDPRI_KERN_DAEMON);
    try {
      if (spec.args.length !== 0) {
        stMessageValue(arena, td, VALUE_MESSAGE, argumentsToMessage(arena, this.#self, spec.name, spec.args));
      }
    } catch (error) {
      this.#free(td);
      throw error;
    }
    if (spec.comm !== undefined) stText(m, td + TD_COMM, 16, spec.comm);
    const id = this.#nextRequest;
    this.#nextRequest = (id % 0x7fff_ffff) + 1;
    st(m, td, TD_JOINER, -id);
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      this.#send(spec.cpu, [IPI.adopt, descriptorHandle(arena, td), 0, 0]);
    });
  }

  #send(cpu: number, record: number[]): void {
    const queue = this.#outbox[cpu] as number[][];
    queue.push(record);
    this.#flush(cpu);
  }

  #flush(cpu: number): void {
    const { m, map } = this.#arena;
    const queue = this.#outbox[cpu] as number[][];
    const ring = ringOf(map, this.#self, cpu);
    let sent = 0;
    for (; sent < queue.length; sent++) {
      const [func = 0, arg0 = 0, arg1 = 0, arg2 = 0] = queue[sent] as number[];
      if (!ringPush(m, ring, func, arg0, arg1, arg2)) break;
    }
    queue.splice(0, sent);
    if (sent !== 0) ringBell(m, globaldataOf(map, cpu), BELL_HOST);
    if (queue.length !== 0 && !this.#closed) setImmediate(() => this.#flush(cpu));
  }

  /** Drains what cpus send until the corner is closed. */
  async serve(): Promise<void> {
    const { m } = this.#arena;
    while (!this.#closed) {
      const sleep = sleepOnBellAsync(m, this.#bell, Infinity);
      if (sleep !== undefined) await sleep;
      if (this.#closed) return;
      // A panic first: what a thread returned after it is worth nothing.
      if ((answerBell(m, this.#bell) & BELL_STATE) !== 0) this.#events.stateChanged();
      if (this.#closed) return;
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
        records.push([m[slot] as number, m[slot + 1] as number, m[slot + 2] as number]);
      }
      ringRelease(m, ring, taken);
      ringComplete(m, ring, taken);
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
  close(reason: unknown, drain: boolean): void {
    if (this.#closed) return;
    if (drain) this.#drain();
    this.#closed = true;
    endSleep(this.#arena.m, this.#bell);
    for (const { reject } of this.#requests.values()) reject(reason);
    this.#requests.clear();
  }
}
