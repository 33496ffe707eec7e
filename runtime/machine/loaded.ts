/** Comparing what the cpus registered: a function must have the same number everywhere. */
import { LwktError } from '../base/errors.ts';
import type { Loaded } from '../base/protocol.ts';

/**
 * Demands that all cpus registered the same functions in the same order.
 *
 * @param loaded - by cpu
 * @returns what they agree on
 * @throws LwktError ERR_LWKT_NAMES with the difference
 */
export function compareLoaded(loaded: readonly Loaded[]): Loaded {
  const first = loaded[0] as Loaded;
  loaded.forEach((other, cpu) => {
    for (const [what, key] of [
      ['kthread', 'threads'],
      ['ipiFunc', 'ipis'],
    ] as const) {
      const at = longest(first[key], other[key]).findIndex((_, i) => first[key][i] !== other[key][i]);
      if (at < 0) continue;
      throw new LwktError(
        'ERR_LWKT_NAMES',
        `the cpus registered different functions: ${what} ${at} is ${quote(first[key][at])} on cpu 0 and ` +
          `${quote(other[key][at])} on cpu ${cpu}; register the same functions in the same order on every cpu, ` +
          'at the top level of modules, not depending on the cpu, the time or chance',
      );
    }
  });
  return first;
}

function longest<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.length >= b.length ? a : b;
}

function quote(name: string | undefined): string {
  return name === undefined ? 'missing' : `'${name}'`;
}
