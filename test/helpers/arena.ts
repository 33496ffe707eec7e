/** Small arenas for tests. */
import { attachArena, createArena, type Arena } from '../../runtime/shared-memory/arena.ts';
import type { Shape } from '../../runtime/shared-memory/layout/memory-map.ts';
import { initMessages } from '../../runtime/shared-memory/messages.ts';

export const SMALL: Shape = {
  ncpus: 2,
  ringSize: 16,
  threads: 64,
  names: 64,
  memory: 64 * 1024,
  messages: 64 * 1024,
};

/** A fresh arena, its message space ready. */
export function testArena(shape: Partial<Shape> = {}): Arena {
  const arena = createArena({ ...SMALL, ...shape }, true);
  initMessages(arena);
  return arena;
}

/** The same memory, attached as a cpu does it. */
export function attachArenaOf(shape: Partial<Shape> = {}): Arena {
  return attachArena(testArena(shape).memory);
}

export type { Arena };
