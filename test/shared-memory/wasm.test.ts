import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import type { Atomic } from '../../runtime/shared-memory/struct.ts';
import { atomicOps, PAGE_BYTES, sharedMemory, type AtomicOps } from '../../runtime/shared-memory/wasm.ts';
import {
  addA,
  andA,
  bindDoors,
  casA,
  ldA,
  orA,
  stA,
  unbindDoors,
  xchgA,
  type Mem,
} from '../../runtime/shared-memory/word.ts';

const FIELD = 3 as Atomic;
const AT = 40;

/** What a door does to a word, and what it says. */
const DOORS: Readonly<Record<keyof AtomicOps, (m: Mem, a: number, b: number) => unknown>> = {
  load: (m) => ldA(m, AT, FIELD),
  store: (m, a) => stA(m, AT, FIELD, a),
  add: (m, a) => addA(m, AT, FIELD, a),
  or: (m, a) => orA(m, AT, FIELD, a),
  and: (m, a) => andA(m, AT, FIELD, a),
  xchg: (m, a) => xchgA(m, AT, FIELD, a),
  cas: (m, a, b) => casA(m, AT, FIELD, a, b),
};

const name = fc.constantFrom(...(Object.keys(DOORS) as (keyof AtomicOps)[]));

testProp(
  'wasm: a bound memory and one with Atomics do the same, word for word',
  [fc.array(fc.tuple(name, fc.integer(), fc.integer(), fc.boolean()), { maxLength: 60 })],
  (t, steps) => {
    const memory = sharedMemory(1);
    const words = new Int32Array(memory.buffer);
    const other = new Int32Array(new SharedArrayBuffer(PAGE_BYTES));
    bindDoors(words, atomicOps(memory));
    for (const [door, a, b, hit] of steps) {
      // A compare-and-swap that finds what it expects is rare by chance.
      const first = door === 'cas' && hit ? (other[AT + FIELD] as number) : a;
      t.is(DOORS[door](words, first, b), DOORS[door](other, first, b), door);
      t.deepEqual(words.subarray(0, 64), other.subarray(0, 64));
    }
    t.pass();
    unbindDoors();
  },
);

test('wasm: a bound memory does not go through Atomics, and does again when it is let go', (t) => {
  const memory = sharedMemory(1);
  const words = new Int32Array(memory.buffer);
  const { load } = Atomics;
  let calls = 0;
  Object.assign(Atomics, {
    load: (m: Int32Array, at: number) => {
      calls++;
      return load(m, at);
    },
  });
  try {
    bindDoors(words, atomicOps(memory));
    ldA(words, AT, FIELD);
    t.is(calls, 0);
    ldA(new Int32Array(memory.buffer), AT, FIELD);
    t.is(calls, 1, 'another view of the same memory');
    unbindDoors();
    ldA(words, AT, FIELD);
    t.is(calls, 2);
  } finally {
    Object.assign(Atomics, { load });
  }
});

test('wasm: the last word of a large memory is in reach', (t) => {
  // Nothing is touched but two pages.
  const memory = sharedMemory(40_000);
  const words = new Int32Array(memory.buffer);
  const last = words.length - 1;
  bindDoors(words, atomicOps(memory));
  try {
    t.true(last * 4 > 2 ** 31, 'its byte offset is beyond the signed numbers');
    stA(words, last - FIELD, FIELD, 42);
    t.is(words[last], 42);
    t.is(addA(words, last - FIELD, FIELD, 1), 42);
    t.is(ldA(words, last - FIELD, FIELD), 43);
  } finally {
    unbindDoors();
  }
});
