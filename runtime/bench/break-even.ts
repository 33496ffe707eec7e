/** From where on one curve is below another: the size of a task from which handing it on is worth its while. */
import type { Growth } from './schema.ts';

/** A curve, and from where on it stays below the baseline. */
export interface BreakEven {
  readonly name: string;
  /** On the axis of the curves; null where it is not below at the end. */
  readonly at: number | null;
  /** True where it is below from the first point on: then the break-even lies before it. */
  readonly throughout: boolean;
}

/** A point of both curves: how many times the baseline the other one is. */
interface Ratio {
  readonly at: number;
  readonly times: number;
}

function ratios(curve: Growth['curves'][number], baseline: Growth['curves'][number]): Ratio[] {
  return curve.points.flatMap(({ at, cost }) => {
    const base = baseline.points.find((point) => point.at === at)?.cost?.median;
    if (cost === null || base === undefined || base <= 0 || cost.median <= 0) return [];
    return [{ at, times: cost.median / base }];
  });
}

/** Where the ratio is 1 between two points, on a straight line over logarithmic scales. */
function crossing(before: Ratio, after: Ratio): number {
  const share = Math.log(before.times) / Math.log(before.times / after.times);
  return before.at * (after.at / before.at) ** share;
}

/**
 * Break-evens of all curves that have points.
 *
 * @returns in the order of the curves; empty where the growth names no baseline, or it was not measured
 */
export function breakEvens({ curves, baseline }: Growth): BreakEven[] {
  const base = curves.find(({ name }) => name === baseline);
  if (base === undefined) return [];
  return curves.flatMap((curve): BreakEven[] => {
    const all = ratios(curve, base);
    if (curve === base || all.length === 0) return [];
    const last = all.findLastIndex(({ times }) => times >= 1);
    const before = all[last];
    const after = all[last + 1];
    const at = after === undefined ? null : before === undefined ? after.at : crossing(before, after);
    return [{ name: curve.name, at, throughout: before === undefined }];
  });
}
