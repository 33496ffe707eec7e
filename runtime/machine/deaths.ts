/** What the host does when the worker of a cpu has ended: whether the machine goes on, and what it owes the survivors. */
import { counted } from '../base/counted.ts';
import { LwktError } from '../base/errors.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { deathsSettled, diedAt, livingCpus, markDead } from '../shared-memory/death.ts';
import { Machine, MACHINE_RUNNING } from '../shared-memory/layout/machine.ts';
import { ldA } from '../shared-memory/word.ts';
import type { HostCorner } from './host-corner.ts';

/** A cpu that died in a machine that goes on. */
export interface CpuDeath {
  readonly cpu: number;
  /** LwktError ERR_LWKT_CPU_DIED; its cause is what ended the worker. */
  readonly error: LwktError;
}

/** The deaths of one machine. */
export class Deaths {
  readonly #arena: Arena;
  readonly #corner: HostCorner;
  readonly #policy: 'panic' | 'offline';
  /** Deaths whose leavings the host has taken. */
  #inherited = 0;

  constructor(arena: Arena, corner: HostCorner, policy: 'panic' | 'offline') {
    this.#arena = arena;
    this.#corner = corner;
    this.#policy = policy;
  }

  /**
   * A cpu's worker has ended.
   *
   * @param over - the machine stops anyway
   * @returns whether the machine goes on without it, which the survivors have been told then; and the death as an error
   */
  died(cpu: number, cause: unknown, over: boolean): { error: LwktError; goesOn: boolean } {
    // Whatever becomes of the machine: nobody must wait for a lock that the dead has.
    this.#corner.bereave(cpu);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const running = ldA(this.#arena.m, 0, Machine.state) === MACHINE_RUNNING;
    const goesOn = !over && running && this.#policy === 'offline' && livingCpus(this.#arena) > 1;
    if (goesOn) markDead(this.#arena, cpu, reason);
    const then = goesOn ? `goes on with ${counted(livingCpus(this.#arena), 'cpu')}` : 'is stopped';
    const error = new LwktError(
      'ERR_LWKT_CPU_DIED',
      `cpu ${cpu} died: ${reason}; its threads are lost, the machine ${then}`,
      { cause },
    );
    return { error, goesOn };
  }

  /** All cpus may have seen a death: gives back what the dead one kept for new threads. */
  settle(): void {
    const settled = deathsSettled(this.#arena);
    for (let cpu = 0; this.#inherited < settled && cpu < this.#arena.map.ncpus; cpu++) {
      const number = diedAt(this.#arena, cpu);
      if (number > this.#inherited && number <= settled) this.#corner.inherit(cpu);
    }
    this.#inherited = settled;
  }
}
