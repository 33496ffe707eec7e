/** The host's part of the trouble: pauses, and tunables that change while the machine runs. */
import type { Machine } from '../machine/machine.ts';
import { CHAOS, SHAKEN } from './chaos.ts';
import type { StressPlan } from './plan.ts';
import { setPause } from './record.ts';
import type { Watch } from './watch.ts';

/** Milliseconds between two changes of tunables. */
const SHAKE_MS = 300;

/** Makes it during one phase. */
export class Trouble {
  readonly #plan: StressPlan;
  readonly #machine: Machine;
  readonly #watch: Watch;
  #shaken = 0;
  #shookAt: number;
  #paused = false;
  #pausedAt: number;

  constructor(plan: StressPlan, machine: Machine, watch: Watch, now: number) {
    this.#plan = plan;
    this.#machine = machine;
    this.#watch = watch;
    this.#shookAt = now;
    this.#pausedAt = now;
  }

  make(now: number): void {
    const { stutterMs, chaos, seed } = this.#plan;
    if (stutterMs !== 0 && now - this.#pausedAt > stutterMs) {
      this.#paused = !this.#paused;
      this.#pausedAt = now;
      setPause(this.#watch.record, this.#paused);
    }
    if (this.#paused) this.#watch.refresh(now);
    if (CHAOS[chaos]?.shake !== true || now - this.#shookAt < SHAKE_MS) return;
    this.#shookAt = now;
    const n = this.#shaken++ + (seed % 97);
    const [name, values] = SHAKEN[n % SHAKEN.length] ?? SHAKEN[0] ?? ['', []];
    this.#machine.sysctl.set(name, values[Math.floor(n / SHAKEN.length) % values.length] ?? 0);
  }

  end(): void {
    if (this.#shaken === 0) return;
    for (const [name, [initial = 0]] of SHAKEN) this.#machine.sysctl.set(name, initial);
  }
}
