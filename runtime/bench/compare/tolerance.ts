/** `--tolerance`: how much worse is still as good. */
import { LwktError } from '../../base/errors.ts';

export const DEFAULT_TOLERANCE = '20%';

/** Above ten times as slow nothing is tolerated by intention. */
const MOST = 10;

/**
 * Parses `20%` or `1.2x`: both say that up to 1.2 times as slow is no regression. A bare number is refused, since 0.2,
 * 1.2 and 20 could all mean that.
 *
 * @returns the factor above which a figure is worse, more than 1
 * @throws LwktError ERR_LWKT_OPTION
 */
export function tolerance(text: string): number {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(%|x|×)\s*$/i.exec(text) ?? [];
  const factor = unit === '%' ? 1 + Number(number) / 100 : Number(number);
  if (unit === '' || !(factor > 1) || factor > MOST) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `--tolerance: '${text}' must be a share as in 20%, or a factor as in 1.2x: more than 1x, ${MOST}x at most`,
    );
  }
  return factor;
}
