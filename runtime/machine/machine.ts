/**
 * A machine, as its host sees it: boot, run, look, stop. The host is one corner of the ring matrix and otherwise an
 * ordinary event loop: nothing here waits in it.
 */
import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { clean } from '../base/clean.ts';
import { LwktError } from '../base/errors.ts';
import { MachinePanic } from '../base/panic.ts';
import type { CpuEnd, CpuHeap, Leftover, Loaded } from '../base/protocol.ts';
import { within } from '../base/within.ts';
import { panicView } from '../observe/panic.ts';
import { machineStats, type MachineStats } from '../observe/stats.ts';
import { machineView, type MachineView } from '../observe/view.ts';
import { machineThreads, type ThreadInfo } from '../observe/ps.ts';
import { writeSysctl } from '../observe/sysctl.ts';
import { createArena, type Arena } from '../shared-memory/arena.ts';
import { errorIn } from '../shared-memory/thrown.ts';
import { isDeadCpu } from '../shared-memory/death.ts';
import { BELL_STATE, ringBell } from '../shared-memory/doorbell.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import {
  Machine as Words,
  MACHINE_BOOTING,
  MACHINE_HALTING,
  MACHINE_PANICKED,
  MACHINE_RUNNING,
} from '../shared-memory/layout/machine.ts';
import { initMessages } from '../shared-memory/messages.ts';
import { casA, ld, ldA, stA } from '../shared-memory/word.ts';
import { machineConfig, type MachineConfig, type MachineOptions } from './config.ts';
import { openControl, type Control } from './control.ts';
import { openControlSocket, type ControlSocket } from './control-socket.ts';
import { startCpus, type Cpus } from './cpus.ts';
import { Deaths, type CpuDeath } from './deaths.ts';
import { writeDump } from './dump.ts';
import { HostCorner } from './host-corner.ts';
import { compareLoaded } from './loaded.ts';
import { checkSpawn, type HostSpawnOptions } from './spawn-options.ts';
import { machineSysctl, type MachineSysctl } from './sysctl.ts';
import { watch, type Stall } from './watchdog.ts';

/** What a machine still had when it stopped. */
export interface StopReport {
  /** Threads that had not ended, and threads that failed without anybody being told; at most 20 of each cpu. */
  readonly leftovers: readonly Leftover[];
  /** Threads beyond those. */
  readonly more: number;
  /** Cpus that did not reach a safepoint in time and were ended by force. */
  readonly forced: readonly number[];
  /** One of those runs on all the same, and keeps the process from ending: its loop calls nothing but builtins of V8. */
  readonly stuck: boolean;
  /** The dump that a fault left, or why it could not be written; only if one was wanted and the machine failed. */
  readonly dump?: { readonly path: string; readonly error?: Error };
}

interface MachineEventMap {
  /** A detached thread ended by an error. */
  threadFailed: [error: unknown];
  /** The machine panicked or a cpu died: nothing runs any more. */
  fault: [error: Error];
  /** A cpu died, and the machine goes on without it: `boot({ onCpuDeath: 'offline' })`. */
  cpuDied: [death: CpuDeath];
  /** A cpu reaches no safepoint. */
  stall: [stall: Stall];
  /** Threads, or cpus, wait for each other in a circle: a sentence that says who for whom. */
  deadlock: [sentence: string];
  /** The host waits for a thread, yet all wait, and only a thread that it may yet spawn could wake one: a sentence. */
  asleep: [sentence: string];
}

const NOTHING_LEFT: CpuEnd = { leftovers: [], more: 0 };

/** Milliseconds that stop() gives cpus to reach a safepoint. */
const STOP_GRACE_MS = 2000;

/** A booted machine. Make one with {@link boot}. */
export class Machine extends EventEmitter<MachineEventMap> implements AsyncDisposable {
  readonly #arena: Arena;
  readonly #config: MachineConfig;
  readonly #cpus: Cpus;
  readonly #controls: readonly Control[];
  readonly #corner: HostCorner;
  readonly #deaths: Deaths;
  #loaded: Loaded = { threads: [], ipis: [], main: -1 };
  #fault: Error | undefined;
  #socket: ControlSocket | undefined;
  #dumping: Promise<StopReport['dump']> | undefined;
  #unwatch: () => void = () => {};
  #stopping: Promise<StopReport> | undefined;
  /** Rejects when the machine ends, for what was asked of the control plane. */
  readonly #ended = Promise.withResolvers<never>();

  /** @internal */
  constructor(config: MachineConfig) {
    super();
    this.#config = config;
    this.#arena = createArena(config.shape, config.crowded);
    initMessages(this.#arena);
    this.sysctl = machineSysctl(this.#arena);
    for (const [name, value] of config.sysctl) writeSysctl(this.#arena, name, value);
    this.#corner = new HostCorner(this.#arena, {
      stateChanged: () => this.#stateChanged(),
      threadFailed: (error) => this.#threadFailed(error),
    });
    this.#deaths = new Deaths(this.#arena, this.#corner, config.onCpuDeath);
    const { memory } = this.#arena;
    this.#ended.promise.catch(() => undefined);
    this.#controls = Array.from({ length: this.ncpus }, (_, cpu) => openControl(this.#arena, cpu));
    this.#cpus = startCpus(
      this.#controls.map(({ port }, cpu) => ({
        memory,
        cpu,
        port,
        stdout: config.stdout,
        statusLine: config.statusLine,
      })),
      config.heap,
    );
    this.#cpus.ends.forEach((end, cpu) => {
      end.then(
        () => this.#stateChanged(),
        (error: unknown) => this.#cpuDied(cpu, error),
      );
    });
    void this.#corner.serve();
  }

  /** Number of cpus. */
  get ncpus(): number {
    return this.#config.shape.ncpus;
  }

  /** @internal Loads the program on every cpu and compares what they registered. */
  async load(): Promise<void> {
    const url = this.#config.program.href;
    const loads = this.#controls.map(({ remote }) => remote.load(url));
    const died = new Promise<never>((_, reject) => this.once('fault', reject));
    died.catch(() => undefined);
    let loaded: Loaded[];
    try {
      loaded = await Promise.race([Promise.all(loads), died]);
    } catch (error) {
      for (const load of loads) load.catch(() => undefined);
      throw this.#fault ?? programError(url, error);
    }
    this.#loaded = compareLoaded(loaded);
    casA(this.#arena.m, 0, Words.state, MACHINE_BOOTING, MACHINE_RUNNING);
    this.#unwatch = watch(this.#arena, {
      view: () => this.view(),
      stalled: (stall) => this.emit('stall', stall),
      answering: () => this.#cpus.answering(),
      deadlocked: (sentence) => this.emit('deadlock', sentence),
      asleep: (sentence) => this.#corner.waiting > 0 && this.emit('asleep', sentence),
    });
  }

  /** @internal Opens the control socket, if one is wanted. */
  async openControl(): Promise<void> {
    const { control, program } = this.#config;
    if (control === undefined) return;
    const socket = await openControlSocket(control, this, program.href);
    if (this.#stopping === undefined) this.#socket = socket;
    else socket.close();
  }

  /**
   * Runs the program: its default export, on cpu 0.
   *
   * @param args - for the default export; cloned
   * @returns what it returns
   * @throws whatever it throws; LwktError ERR_LWKT_PROGRAM when there is no default export; MachinePanic
   */
  async run(...args: unknown[]): Promise<unknown> {
    const { main, threads } = this.#loaded;
    if (main < 0) {
      throw new LwktError(
        'ERR_LWKT_PROGRAM',
        `${this.#config.program.href} ${main === -1 ? 'has no default export' : 'exports something else than a kthread as default'}: ` +
          'a program needs `export default kthread(function* main(…) { … })`',
      );
    }
    return this.#spawn(threads[main] ?? 'main', main, args, { cpu: 0 });
  }

  /**
   * Runs one of the program's threads and waits for its end.
   *
   * @param name - of a function given to kthread()
   * @param args - cloned
   * @returns what it returns
   * @throws whatever it throws; LwktError ERR_LWKT_PROGRAM, _OPTION, _CLONE, _THREADS, _MESSAGES, _STOPPED; MachinePanic
   */
  async spawn(name: string, args: readonly unknown[] = [], options: HostSpawnOptions = {}): Promise<unknown> {
    const func = this.#loaded.threads.indexOf(name);
    if (func <= 0) {
      throw new LwktError(
        'ERR_LWKT_PROGRAM',
        `the program has no thread function '${name}'; it has ${this.#loaded.threads.slice(1).join(', ') || 'none'}`,
      );
    }
    return this.#spawn(name, func, args, options);
  }

  #spawn(name: string, func: number, args: readonly unknown[], options: HostSpawnOptions): Promise<unknown> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#stopping !== undefined) throw stopped();
    checkSpawn(options, this.ncpus);
    const { cpu = 'any', priority } = options;
    return this.#corner.spawn({
      func,
      name,
      args,
      cpu: cpu === 'any' ? this.#leastLoaded() : cpu,
      ...(priority === undefined ? {} : { priority }),
      ...(options.name === undefined ? {} : { comm: options.name }),
    });
  }

  #nextCpu = 0;

  /** The cpu with the fewest runnable threads; among equals, one after the other. */
  #leastLoaded(): number {
    const { m, map } = this.#arena;
    const load = (cpu: number): number => ld(m, globaldataOf(map, cpu), Globaldata.nrun);
    let best = this.#nextCpu;
    for (let i = 1; i < this.ncpus; i++) {
      const cpu = (this.#nextCpu + i) % this.ncpus;
      if (load(cpu) < load(best)) best = cpu;
    }
    this.#nextCpu = (best + 1) % this.ncpus;
    return best;
  }

  /** The threads, as they were a moment ago. Also after a stop or a fault. */
  ps(): ThreadInfo[] {
    return machineThreads(this.#arena, this.#loaded.threads);
  }

  /** Everything there is to see: run queues, rings, tokens, locks, threads. Also after a stop or a fault. */
  view(): MachineView {
    return machineView(this.#arena, this.#loaded);
  }

  /**
   * Writes a dump: `lwkt dump FILE` shows it. Needs no help from any cpu.
   *
   * @throws LwktError ERR_LWKT_DUMP when it cannot be written
   */
  async dump(path: string): Promise<void> {
    await writeDump(path, this.#arena, this.#loaded, this.#config.program.href);
  }

  /** Counters and states of every cpu. Also after a stop or a fault. */
  stats(): MachineStats {
    return machineStats(this.#arena);
  }

  /**
   * JavaScript heap of every cpu that lives, asked over the control plane.
   *
   * @param options - collect: collect garbage first, to see what is really held
   */
  heaps({ collect = false }: { readonly collect?: boolean } = {}): Promise<CpuHeap[]> {
    if (this.#stopping !== undefined) return Promise.reject(stopped());
    const living = this.#controls.filter((_, cpu) => !isDeadCpu(this.#arena, cpu));
    const answers = Promise.all(living.map(({ remote }) => remote.heap(collect)));
    return Promise.race([answers, this.#ended.promise]);
  }

  /** Tunables and counters by name. */
  readonly sysctl: MachineSysctl;

  #threadFailed(error: unknown): void {
    if (this.listenerCount('threadFailed') > 0) this.emit('threadFailed', error);
    else console.error(clean(`lwkt: a detached thread failed: ${inspect(error)}`));
  }

  #cpuDied(cpu: number, cause: unknown): void {
    const over = this.#stopping !== undefined || this.#fault !== undefined;
    const { error, goesOn } = this.#deaths.died(cpu, cause, over);
    if (goesOn) this.emit('cpuDied', { cpu, error });
    else if (!over) {
      stA(this.#arena.m, 0, Words.state, MACHINE_PANICKED);
      this.#setFault(error);
    }
  }

  #stateChanged(): void {
    const { m } = this.#arena;
    this.#deaths.settle();
    if (ldA(m, 0, Words.state) !== MACHINE_PANICKED || this.#fault !== undefined) return;
    const { cpu = -1, reason = 'unknown reason', stack = [] } = panicView(this.#arena) ?? {};
    const panic = new MachinePanic(`panic on cpu ${cpu}: ${reason}`);
    panic.stack = [`MachinePanic: ${panic.message}`, ...stack].join('\n');
    this.#setFault(panic);
  }

  #setFault(fault: Error): void {
    this.#fault = fault;
    this.#ringAll();
    const { dump: path } = this.#config;
    if (path !== undefined) {
      this.#dumping = this.dump(path).then(
        () => ({ path }),
        (error: unknown) => ({ path, error: error as Error }),
      );
    }
    this.#corner.close(fault, false);
    this.#ended.reject(fault);
    this.emit('fault', fault);
    void this.stop();
  }

  #ringAll(): void {
    const { m, map } = this.#arena;
    for (let cpu = 0; cpu < this.ncpus; cpu++) ringBell(m, globaldataOf(map, cpu), BELL_STATE);
  }

  /**
   * Stops the machine: every cpu halts at its next safepoint, its worker ends. Runs once; later calls give the same
   * report. Threads still waited for reject with ERR_LWKT_STOPPED.
   */
  stop(): Promise<StopReport> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<StopReport> {
    const { m } = this.#arena;
    for (const state of [MACHINE_BOOTING, MACHINE_RUNNING]) casA(m, 0, Words.state, state, MACHINE_HALTING);
    this.#ringAll();
    this.#unwatch();
    const ends = await this.#halted();
    this.#corner.close(this.#fault ?? stopped(), true);
    this.#ended.reject(this.#fault ?? stopped());
    this.#socket?.close();
    for (const control of this.#controls) control.close();
    const stuck = !(await this.#cpus.destroy());
    const known = ends.filter((end) => end !== undefined);
    const dump = await this.#dumping;
    return {
      leftovers: known.flatMap(({ leftovers }) => leftovers).map(withError),
      more: known.reduce((sum, { more }) => sum + more, 0),
      forced: ends.flatMap((end, cpu) => (end === undefined ? [cpu] : [])),
      stuck,
      ...(dump && { dump }),
    };
  }

  /** What each cpu had left; nothing for one that died, undefined for one that did not halt in time. */
  async #halted(): Promise<(CpuEnd | undefined)[]> {
    const graceMs = this.#fault === undefined ? STOP_GRACE_MS : this.sysctl.get('lwkt.panic_grace_ms');
    return Promise.all(
      this.#cpus.ends.map((end) =>
        within(
          end.catch(() => NOTHING_LEFT),
          graceMs,
        ),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function withError(left: Leftover): Leftover {
  return left.error === undefined ? left : { ...left, error: errorIn(left.error) };
}

function stopped(): LwktError {
  return new LwktError('ERR_LWKT_STOPPED', 'the machine is stopped: boot another one');
}

function programError(url: string, error: unknown): LwktError {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new LwktError('ERR_LWKT_PROGRAM', `cannot load ${url}: ${reason}`, { cause: error });
}

/**
 * Boots a machine and loads its program on every cpu.
 *
 * @param options - at least the program
 * @returns the running machine; stop it with `await using`, or stop()
 * @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_PROGRAM, ERR_LWKT_NAMES, ERR_LWKT_CPU_DIED
 */
export async function boot(options: MachineOptions): Promise<Machine> {
  const machine = new Machine(machineConfig(options));
  try {
    await machine.load();
    await machine.openControl();
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return machine;
}
