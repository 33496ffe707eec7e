/** What a machine panicked with, read from its arena. */
import { PANIC_TEXT_BYTES } from '../base/params.ts';
import { framesOf } from '../base/stack.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { ldText } from '../shared-memory/text.ts';
import { ld, ldA } from '../shared-memory/word.ts';

/** A panic. */
export interface PanicView {
  readonly reason: string;
  readonly cpu: number;
  /** Handle of the thread that ran there. */
  readonly thread: number;
  /** Frames of its JavaScript stack, `    at …` each, the innermost first. */
  readonly stack: readonly string[];
}

/** The first panic of a machine, or null when there was none. */
export function panicView(arena: Arena): PanicView | null {
  const { m } = arena;
  const cpu = ldA(m, 0, Machine.panicCpu) - 1;
  if (cpu < 0) return null;
  const text = ldText(m, Machine.panicText, PANIC_TEXT_BYTES);
  const at = text.search(/^ {4}at /m);
  return {
    reason: (at < 0 ? text : text.slice(0, at)).trimEnd(),
    cpu,
    thread: ld(m, 0, Machine.panicThread),
    stack: framesOf(at < 0 ? '' : text.slice(at)),
  };
}
