/**
 * Why a thread waits: what `ps` shows and watchdogs reason about.
 *
 * Seed: td_wmesg. A code instead of a text, since it crosses cpus in a word.
 */
export const WMESGS = [
  'running',
  'join',
  'sleep',
  'until',
  'token',
  'waitq',
  'stopped',
  'zombie',
  'mplock',
  'ipiq',
  'refs',
  'move',
  'tsleep',
  'mutex',
  'semaphore',
  'condition',
  'barrier',
  'once',
  'rwlock',
  'spinlock',
] as const;

export type Wmesg = (typeof WMESGS)[number];

/** The code of a reason. */
export function wmesgCode(name: Wmesg): number {
  return WMESGS.indexOf(name);
}
