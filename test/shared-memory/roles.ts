/** Roles of real workers in the tests of shared memory; started by helpers/peers.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { attachArena, type SharedMemory } from '../../runtime/shared-memory/arena.ts';
import { answerBell, BELL_IPI, ringBell, sleepOnBell } from '../../runtime/shared-memory/doorbell.ts';
import { withLock } from '../../runtime/shared-memory/lock.ts';
import { messageAlloc, messageBytes, messageFree } from '../../runtime/shared-memory/messages.ts';
import {
  headFunc,
  MAX_FUNCS,
  ringComplete,
  ringHas,
  ringPush,
  ringRelease,
  ringSlot,
  ringTaken,
  type RingRef,
} from '../../runtime/shared-memory/ring.ts';
import { slabGive, slabTake } from '../../runtime/shared-memory/slab.ts';
import { symbol } from '../../runtime/shared-memory/symbols.ts';
import { LwktError } from '../../runtime/base/errors.ts';
import { random } from '../helpers/seed.ts';

interface Data {
  readonly role: string;
  readonly m: Int32Array;
  readonly memory: SharedMemory;
  readonly ring: RingRef;
  readonly self: number;
  readonly count: number;
  readonly seed: number;
  readonly mine: number;
  readonly other: number;
  readonly lock: number;
  readonly cell: number;
}

const data = workerData as Data;

/** Waits at a barrier of two, so that both really run at the same time. */
function together(m: Int32Array, at: number): void {
  Atomics.add(m, at, 1);
  while (Atomics.load(m, at) < 2) Atomics.pause();
}

const roles: Readonly<Record<string, () => unknown>> = {
  /** Adds one, `count` times, with a read and a write apart. */
  increment() {
    const { m, lock, cell, self, count } = data;
    let overlaps = 0;
    for (let i = 0; i < count; i++) {
      withLock(m, lock, self, () => {
        if (m[cell + 1] !== 0) overlaps++;
        m[cell + 1] = self + 1;
        const before = m[cell] as number;
        if (i % 64 === 0) Atomics.pause();
        m[cell] = before + 1;
        m[cell + 1] = 0;
      });
    }
    return overlaps;
  },

  produce() {
    const { m, ring, count } = data;
    let full = 0;
    for (let i = 0; i < count; i++) {
      while (!ringPush(m, ring, i & (MAX_FUNCS - 1), ~i, Math.imul(i, 0x9e3779b1), i ^ 0x5555_5555)) {
        full++;
        Atomics.pause();
      }
    }
    return full;
  },

  /** Takes all records; counts those that are not what was sent, in order. */
  consume() {
    const { m, ring, count } = data;
    let taken = ringTaken(m, ring);
    let wrong = 0;
    for (let i = 0; i < count;) {
      for (; ringHas(m, ring, taken); taken = (taken + 1) | 0, i++) {
        const at = ringSlot(ring, taken);
        const good =
          headFunc(m[at] as number) === (i & (MAX_FUNCS - 1)) &&
          m[at + 1] === ~i &&
          m[at + 2] === Math.imul(i, 0x9e3779b1) &&
          m[at + 3] === (i ^ 0x5555_5555);
        if (!good) wrong++;
      }
      ringRelease(m, ring, taken);
      ringComplete(m, ring, taken);
    }
    return wrong;
  },

  /** Rings the other bell and sleeps on its own, in turns; a lost wake-up hangs it. */
  pingPong() {
    const { m, mine, other, self, count } = data;
    let early = 0;
    for (let i = 0; i < count; i++) {
      if (self === 0) ringBell(m, other, 1);
      for (;;) {
        sleepOnBell(m, mine, Infinity);
        const bits = answerBell(m, mine) & BELL_IPI;
        if (bits !== 0) break;
        early++;
      }
      if (self === 1) ringBell(m, other, 1);
    }
    return early;
  },

  /** Rings a bell from outside, once it sleeps. */
  ringSleeper() {
    const { m, other } = data;
    while (Atomics.load(m, other) === 0) Atomics.pause();
    return ringBell(m, other, 2);
  },

  /** Makes the same names in another order than its peer; gives the words they stand for. */
  names() {
    const arena = attachArena(data.memory);
    const { self, count, cell } = data;
    together(arena.m, cell);
    const refs: [string, number][] = [];
    for (let i = 0; i < count; i++) {
      const name = `n${self === 0 ? i : count - 1 - i}`;
      refs.push([name, symbol(arena, self, name, 'shared.i32', 4, 4)]);
    }
    return refs.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
  },

  /** Allocates, fills, checks and frees messages at random. */
  messages() {
    const arena = attachArena(data.memory);
    const { self, count, seed, cell } = data;
    const next = random(seed + self);
    const live: { ref: number; byte: number }[] = [];
    let wrong = 0;
    let refused = 0;
    const take = (at: number): void => {
      const [block] = live.splice(at, 1);
      if (block === undefined) return;
      if (!messageBytes(arena, block.ref).every((byte) => byte === block.byte)) wrong++;
      messageFree(arena, self, block.ref);
    };
    together(arena.m, cell);
    for (let i = 0; i < count; i++) {
      if (live.length > 24 || (live.length !== 0 && next(2) === 0)) {
        take(next(live.length));
        continue;
      }
      try {
        const ref = messageAlloc(arena, self, 1 + next(3000));
        const byte = self * 128 + next(128);
        messageBytes(arena, ref).fill(byte);
        live.push({ ref, byte });
      } catch (error) {
        if (!(error instanceof LwktError)) throw error;
        refused++;
      }
    }
    while (live.length !== 0) take(0);
    return { wrong, refused };
  },

  /** Takes and gives slots at random, marking each; counts slots that somebody else had too. */
  slab() {
    const arena = attachArena(data.memory);
    const { m } = arena;
    const { self, count, seed, cell } = data;
    const next = random(seed + self);
    const mine: number[] = [];
    let shared = 0;
    together(m, cell);
    for (let i = 0; i < count; i++) {
      slabTake(arena, self, 1 + next(8), (ref) => {
        if (m[ref + 31] !== 0) shared++;
        m[ref + 31] = self + 1;
        mine.push(ref);
      });
      let give = next(mine.length + 1);
      slabGive(arena, self, () => {
        if (give-- === 0) return 0;
        const ref = mine.pop() as number;
        if (m[ref + 31] !== self + 1) shared++;
        m[ref + 31] = 0;
        return ref;
      });
    }
    slabGive(arena, self, () => {
      const ref = mine.pop() ?? 0;
      if (ref !== 0) m[ref + 31] = 0;
      return ref;
    });
    return shared;
  },
};

const role = roles[data.role];
if (role === undefined) throw new Error(`no role ${data.role}`);
parentPort?.postMessage(role());
