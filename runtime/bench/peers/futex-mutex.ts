/**
 * A mutex by Atomics as it is known from futexes: free, taken, taken with waiters. It blocks the whole Worker, as all
 * of its kind do.
 */
const FREE = 0;
const TAKEN = 1;
const WAITED_FOR = 2;

export class FutexMutex {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  lock(): void {
    if (Atomics.compareExchange(this.#words, this.#at, FREE, TAKEN) === FREE) return;
    while (Atomics.exchange(this.#words, this.#at, WAITED_FOR) !== FREE) {
      Atomics.wait(this.#words, this.#at, WAITED_FOR);
    }
  }

  unlock(): void {
    if (Atomics.exchange(this.#words, this.#at, FREE) === WAITED_FOR)
      Atomics.notify(this.#words, this.#at, 1);
  }
}
