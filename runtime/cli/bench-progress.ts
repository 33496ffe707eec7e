/** A status line for benchmarks where stderr is a terminal, with notes above it; else a line for each step. */
import { SingleBar } from 'cli-progress';
import type { BenchEvents } from '../bench/bench.ts';

const SCALE = 1000;

/** The line on stderr. */
export class BenchProgress implements BenchEvents {
  readonly #bar: SingleBar;
  #started = false;
  #last = '';

  constructor() {
    this.#bar = new SingleBar({
      format: 'lwkt {bar} {percentage}% | {duration_formatted} | {what}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      noTTYOutput: false,
    });
  }

  progress(what: string, share: number): void {
    if (!process.stderr.isTTY) {
      if (what !== this.#last) process.stderr.write(`${what}\n`);
      this.#last = what;
      return;
    }
    if (!this.#started) this.#bar.start(SCALE, 0, { what });
    this.#started = true;
    this.#bar.update(Math.round(share * SCALE), { what });
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
