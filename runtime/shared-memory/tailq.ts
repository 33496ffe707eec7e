/**
 * An intrusive doubly linked tail queue over words (the seed's TAILQ).
 *
 * A queue is two plain words, first and last; an element carries two plain words, next and previous, at the
 * offset `link`. References are word offsets, 0 is nil, and a zeroed head is an empty queue. The words have one
 * writer at a time: the cpu that owns the run queue, or the holder of the wait queue's token.
 *
 * Seed: TAILQ_INSERT_TAIL, TAILQ_REMOVE, TAILQ_FIRST of sys/queue.h.
 */

import type { Mem } from './word.ts';

/** Words of a queue's head. */
export const TAILQ_WORDS = 2;

/** The first element, or 0. */
export function tailqFirst(m: Mem, head: number): number {
  return m[head] as number;
}

/** Appends `node`, which must be on no queue through this link. */
export function tailqInsertTail(m: Mem, head: number, node: number, link: number): void {
  const last = m[head + 1] as number;
  m[node + link] = 0;
  m[node + link + 1] = last;
  if (last === 0) m[head] = node;
  else m[last + link] = node;
  m[head + 1] = node;
}

/** Unlinks `node`, which must be on this queue. */
export function tailqRemove(m: Mem, head: number, node: number, link: number): void {
  const next = m[node + link] as number;
  const prev = m[node + link + 1] as number;
  if (prev === 0) m[head] = next;
  else m[prev + link] = next;
  if (next === 0) m[head + 1] = prev;
  else m[next + link + 1] = prev;
}

/** Moves the first element to the tail: the rotation of round robin, without a full remove and insert. */
export function tailqRotate(m: Mem, head: number, link: number): void {
  const first = m[head] as number;
  const next = m[first + link] as number;
  if (next === 0) return;
  const last = m[head + 1] as number;
  m[head] = next;
  m[next + link + 1] = 0;
  m[last + link] = first;
  m[first + link] = 0;
  m[first + link + 1] = last;
  m[head + 1] = first;
}

/** Counts the elements; stops at `limit`, so that a queue read while it changes cannot hold the reader. */
export function tailqCount(m: Mem, head: number, link: number, limit: number): number {
  let n = 0;
  for (let node = m[head] as number; node !== 0 && n < limit; node = m[node + link] as number) n++;
  return n;
}
