/** A table on the terminal that is written over itself while a stress run goes on. */
import { shownUs, type Interval } from '../stress/summary.ts';

/** Lines beside those of the cpus, and of a terminal that does not say how high it is. */
const OTHER_LINES = 9;
const USUAL_HEIGHT = 24;

/** The table on one terminal. */
export class LiveTable {
  readonly #out: NodeJS.WriteStream;
  readonly #seconds: number;
  #lines = 0;

  /** @param seconds - how long the run is to take */
  constructor(out: NodeJS.WriteStream, seconds: number) {
    this.#out = out;
    this.#seconds = seconds;
  }

  show(i: Interval): void {
    const number = (n: number): string => Math.round(n).toLocaleString('en-US').padStart(14);
    // What is higher than the terminal cannot be written over.
    const most = Math.max(1, (this.#out.rows || USUAL_HEIGHT) - OTHER_LINES);
    const rows = [
      `${i.phase}, ${i.seconds.toFixed(1)} of ${this.#seconds} s`,
      `  operations a second  ${number(i.perSecond)}`,
      ...i.cpus
        .slice(0, most)
        .map((speed, cpu) => `    cpu ${String(cpu).padStart(2)}             ${number(speed)}`),
      ...(i.cpus.length > most ? [`    and ${i.cpus.length - most} more`] : []),
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
