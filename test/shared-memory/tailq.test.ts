import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import {
  TAILQ_WORDS,
  tailqCount,
  tailqFirst,
  tailqInsertTail,
  tailqRemove,
  tailqRotate,
} from '../../runtime/shared-memory/tailq.ts';

const HEAD = 4;
const LINK = 3;
const nodeAt = (i: number): number => 16 + 8 * i;

function memory(nodes: number): Int32Array {
  return new Int32Array(16 + 8 * nodes);
}

/** The queue from first to last, checked against the links backwards. */
function walk(m: Int32Array): number[] {
  const forward: number[] = [];
  for (let node = m[HEAD] as number; node !== 0; node = m[node + LINK] as number) forward.push(node);
  const backward: number[] = [];
  for (let node = m[HEAD + 1] as number; node !== 0; node = m[node + LINK + 1] as number) backward.push(node);
  if (forward.join() !== backward.toReversed().join())
    throw new Error(`${forward.join()} is not ${backward.join()}`);
  return forward;
}

test('tailq smoke: what is inserted comes first to last', (t) => {
  const m = memory(3);
  for (const i of [0, 1, 2]) tailqInsertTail(m, HEAD, nodeAt(i), LINK);
  t.is(tailqFirst(m, HEAD), nodeAt(0));
  t.deepEqual(walk(m), [0, 1, 2].map(nodeAt));
});

test('tailq empty: a zeroed head is an empty queue', (t) => {
  const m = memory(1);
  t.is(tailqFirst(m, HEAD), 0);
  t.is(tailqCount(m, HEAD, LINK, 10), 0);
  t.is(TAILQ_WORDS, 2);
});

test('tailq empty: removing the only node leaves a zeroed head', (t) => {
  const m = memory(1);
  tailqInsertTail(m, HEAD, nodeAt(0), LINK);
  tailqRemove(m, HEAD, nodeAt(0), LINK);
  t.deepEqual([m[HEAD], m[HEAD + 1]], [0, 0]);
});

test('tailq: rotating one node changes nothing', (t) => {
  const m = memory(1);
  tailqInsertTail(m, HEAD, nodeAt(0), LINK);
  tailqRotate(m, HEAD, LINK);
  t.deepEqual(walk(m), [nodeAt(0)]);
});

test('tailq: counting stops at the limit, also in a ring of links', (t) => {
  const m = memory(2);
  tailqInsertTail(m, HEAD, nodeAt(0), LINK);
  m[nodeAt(0) + LINK] = nodeAt(0);
  t.is(tailqCount(m, HEAD, LINK, 1000), 1000);
});

const NODES = 12;

testProp(
  'tailq order: is an array, under any sequence of insert, remove and rotate',
  [fc.array(fc.tuple(fc.constantFrom('toggle', 'rotate'), fc.nat(NODES - 1)), { maxLength: 200 })],
  (t, commands) => {
    t.pass();
    const m = memory(NODES);
    const model: number[] = [];
    for (const [command, i] of commands) {
      const node = nodeAt(i);
      if (command === 'rotate') {
        if (model.length === 0) continue;
        tailqRotate(m, HEAD, LINK);
        model.push(model.shift() as number);
      } else if (model.includes(node)) {
        tailqRemove(m, HEAD, node, LINK);
        model.splice(model.indexOf(node), 1);
      } else {
        tailqInsertTail(m, HEAD, node, LINK);
        model.push(node);
      }
      t.deepEqual(walk(m), model);
      t.is(tailqFirst(m, HEAD), model[0] ?? 0);
      t.is(tailqCount(m, HEAD, LINK, 1000), model.length);
    }
  },
);
