/** A status line for benchmarks where stderr is a terminal, with notes above it; else a line for each step. */
import { SingleBar } from 'cli-progress';
import { about } from '../bench/announcement.ts';
import type { BenchEvents } from '../bench/bench.ts';

const SCALE = 1000;

/** The time that is left is said when so much is done, or it would be a guess. */
const LEAST_SHARE = 0.05;

/**
 * What is left at the pace until now.
 *
 * @param elapsedMs - since the begin
 * @param share - done, 0 .. 1
 * @returns as in `about 2 min left`; empty when it cannot be told
 */
export function left(elapsedMs: number, share: number): string {
  return share < LEAST_SHARE ? '' : `about ${about((elapsedMs / share) * (1 - share))} left`;
}

/** The line on stderr. */
export class BenchProgress implements BenchEvents {
  readonly #bar: SingleBar;
  readonly #begin = performance.now();
  #started = false;
  #last = '';

  constructor() {
    this.#bar = new SingleBar({
      format: 'lwkt {bar} {percentage}%{left} | {what}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      noTTYOutput: false,
    });
  }

  progress(what: string, share: number): void {
    const rest = left(performance.now() - this.#begin, share);
    const payload = { what, left: rest === '' ? '' : ` | ${rest}` };
    if (!process.stderr.isTTY) {
      const percent = `${Math.round(share * 100)}`.padStart(3);
      if (what !== this.#last) process.stderr.write(`${percent} % ${what}\n`);
      this.#last = what;
      return;
    }
    if (!this.#started) this.#bar.start(SCALE, 0, payload);
    this.#started = true;
    this.#bar.update(Math.round(share * SCALE), payload);
  }

  note(text: string): void {
    this.end();
    process.stderr.write(`${text}\n`);
  }

  /** Takes the line away; the next progress brings it back. */
  end(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
