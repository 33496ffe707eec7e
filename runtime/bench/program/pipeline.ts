/** Sending with many IPIs on their way to one cpu: a window of half the ring. */
import { pause } from '../../shared-memory/word.ts';
import { ipiqDone, lwktSendIpiq, lwktSendIpiqPassive, lwktWaitIpiq, safepoint } from '../../lwkt.ts';
import { clock } from '../plan/clock.ts';
import { receivers, type IpiPlan } from '../plan/ipi-plan.ts';
import type { Region } from '../plan/region.ts';
import { arriveIpi, noteAt } from './bound.ts';
import type { Sender } from './sender.ts';

/** IPIs on their way to one cpu, in the order in which they were sent. */
export class Pipeline {
  readonly #sender: Sender;
  readonly #stamps: Float64Array;
  readonly #target: number;
  readonly #window: number;
  readonly #passive: boolean;
  readonly #due: Float64Array;
  readonly #seqs: Int32Array;
  #head = 0;
  #tail = 0;

  constructor(plan: IpiPlan, region: Region, sender: Sender) {
    this.#sender = sender;
    this.#stamps = region.stamps;
    this.#target = receivers(plan)[0] as number;
    this.#window = plan.ring >> 1;
    this.#passive = plan.mode === 'passive';
    this.#due = new Float64Array(this.#window);
    this.#seqs = new Int32Array(this.#window);
  }

  /** True when no more fit. */
  get full(): boolean {
    return this.#head - this.#tail === this.#window;
  }

  /** Sends one; there must be room. `due` 0 means now. */
  send(due: number): void {
    const slot = this.#head % this.#window;
    const queued = clock();
    this.#due[slot] = due === 0 ? queued : due;
    this.#seqs[slot] = this.#passive
      ? lwktSendIpiqPassive(this.#target, arriveIpi, slot, this.#head)
      : lwktSendIpiq(this.#target, arriveIpi, slot, this.#head);
    noteAt(queued, 'queued', this.#head);
    this.#head++;
  }

  #take(): void {
    const slot = this.#tail % this.#window;
    const acknowledged = clock();
    noteAt(acknowledged, 'acknowledged', this.#tail);
    this.#sender.record(this.#tail, this.#due[slot] as number, this.#stamps[slot] as number, acknowledged);
    this.#tail++;
  }

  /** Records those that have come back; does not wait. */
  harvest(): void {
    while (this.#tail !== this.#head) {
      if (!ipiqDone(this.#target, this.#seqs[this.#tail % this.#window] as number)) return;
      this.#take();
    }
  }

  /** Waits for the oldest. */
  waitOne(): void {
    if (this.#tail === this.#head) return;
    const seq = this.#seqs[this.#tail % this.#window] as number;
    // lwktWaitIpiq() would wake the target of a passive one, after a while.
    while (this.#passive && !ipiqDone(this.#target, seq)) {
      safepoint();
      pause();
    }
    lwktWaitIpiq(this.#target, seq);
    this.#take();
  }

  /** Waits for all. */
  drain(): void {
    while (this.#tail !== this.#head) this.waitOne();
  }
}
