/** A table on the terminal that is written over itself while a stress run goes on. */
import { shownUs, type Interval } from '../stress/summary.ts';

const MOST_CPUS = 16;

/** The table on one terminal. */
export class LiveTable {
  readonly #out: NodeJS.WriteStream;
  #lines = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(i: Interval): void {
    const number = (n: number): string => Math.round(n).toLocaleString('en-US').padStart(14);
    const rows = [
      `${i.phase}, ${i.seconds.toFixed(1)} s`,
      `  operations a second  ${number(i.perSecond)}`,
      ...i.cpus
        .slice(0, MOST_CPUS)
        .map((speed, cpu) => `    cpu ${String(cpu).padStart(2)}             ${number(speed)}`),
      ...(i.cpus.length > MOST_CPUS ? [`    and ${i.cpus.length - MOST_CPUS} more`] : []),
      `  contention a second  ${number(i.contention)}`,
      `  fairness             ${i.fairness.toFixed(2).padStart(14)}`,
      `  longest wait         ${shownUs(i.longestWaitUs).padStart(14)}`,
      `  errors               ${number(i.errors)}`,
    ];
    this.clear();
    this.#out.write(`${rows.join('\n')}\n`);
    this.#lines = rows.length;
  }

  /** Takes the table away, so that lines can be printed. */
  clear(): void {
    if (this.#lines === 0) return;
    this.#out.moveCursor(0, -this.#lines);
    this.#out.clearScreenDown();
    this.#lines = 0;
  }
}
