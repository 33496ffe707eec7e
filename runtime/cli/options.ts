/** Values of command line options: numbers, sizes and sysctl settings. */
import { LwktError } from '../base/errors.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A parser for a whole number; commander calls it with the text. */
export function wholeNumber(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) {
      throw new LwktError('ERR_LWKT_OPTION', `${option}: '${text}' is not a number`);
    }
    return value;
  };
}

/** A parser for bytes: 4096, 64K, 64M, 1G. */
export function byteSize(option: string): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?)([kmg]?)i?b?$/i.exec(text.trim());
    const unit = UNITS[match?.[2]?.toLowerCase() ?? '?'];
    if (match === null || unit === undefined) {
      throw new LwktError(
        'ERR_LWKT_OPTION',
        `${option}: '${text}' is not a size; write bytes, or 64K, 64M, 1G`,
      );
    }
    return Math.round(Number(match[1]) * unit);
  };
}

/** Collects `--sysctl name=value`. */
export function sysctlSetting(
  text: string,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const [name = '', value = ''] = text.split('=', 2);
  if (name === '' || value === '' || !Number.isFinite(Number(value))) {
    throw new LwktError('ERR_LWKT_OPTION', `--sysctl: '${text}' is not name=number, as in lwkt.spin_us=20`);
  }
  return { ...before, [name]: Number(value) };
}
