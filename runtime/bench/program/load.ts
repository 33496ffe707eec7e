/** What the receiving cpus do beside: one thread, or several, for each part of a load. They end when the run does. */
import { nowNs } from '../../base/clock.ts';
import {
  critEnter,
  critExit,
  getMplock,
  kthread,
  lwktSendIpiqNowait,
  lwktYield,
  mycpu,
  relMplock,
  safepoint,
  spawn,
  until,
  ipiFunc,
  type KThread,
  type Td,
} from '../../lwkt.ts';
import { receivers, type IpiPlan, type Load, type LoadName } from '../plan/ipi-plan.ts';
import { bind, note, region, stormIpi } from './bound.ts';

/** Nanoseconds that the MP lock is held at a time. */
const MPLOCK_NS = 2000;
/** Threads that take the MP lock in turn, on each receiver. */
const MPLOCK_THREADS = 2;
/** Objects made between two safepoints, and chunks of them that live on. */
const CHUNK = 500;
const ALIVE = 200;
/** Safepoints between two looks whether the run is over. */
const POLLS = 64;

/** Whose result the optimiser must not drop. */
let sink = 0;

function busy(ns: number): void {
  const end = nowNs() + ns;
  while (nowNs() < end) sink = (sink + 1) | 0;
}

const compute = kthread(function* benchCompute(ns: number) {
  const r = region();
  r.begun();
  while (!r.stopped) {
    note('computes', ns);
    busy(ns);
    note('safepoint');
    if (safepoint()) yield* lwktYield();
  }
});

const crit = kthread(function* benchCrit(ns: number) {
  const r = region();
  r.begun();
  while (!r.stopped) {
    critEnter();
    note('critical section', ns);
    busy(ns);
    note('left it');
    critExit();
    if (safepoint()) yield* lwktYield();
  }
});

/** The garbage of this cpu that is still alive. */
const alive: unknown[] = [];

const gc = kthread(function* benchGc(_value: number) {
  const r = region();
  r.begun();
  for (let n = 0; !r.stopped; n = (n + 1) % ALIVE) {
    note('allocates', CHUNK);
    const chunk: unknown[] = [];
    for (let i = 0; i < CHUNK; i++) chunk.push({ n, i, last: chunk.at(-1) });
    alive[n] = chunk;
    if (safepoint()) yield* lwktYield();
  }
  alive.length = 0;
});

const mplock = kthread(function* benchMplock(_value: number) {
  const r = region();
  r.begun();
  while (!r.stopped) {
    yield* getMplock();
    note('MP lock');
    busy(MPLOCK_NS);
    relMplock();
    note('MP lock released');
    yield* lwktYield();
  }
});

const yielder = kthread(function* benchYielder(_value: number) {
  const r = region();
  r.begun();
  while (!r.stopped) yield* lwktYield();
});

/** Keeps a cpu at safepoints, for IPIs that ring no doorbell. */
const attentive = kthread(function* benchAttentive(_value: number) {
  const r = region();
  r.begun();
  for (let n = 1; ; n++) {
    if (n % POLLS === 0 && r.stopped) return;
    if (safepoint()) yield* lwktYield();
  }
});

/** Ends the promise of this cpu's dreamer. */
let wakeUp = (): void => {};

export const wakeUpIpi = ipiFunc(function benchWakeUp() {
  wakeUp();
});

/** Keeps a promise outstanding, so that the cpu sleeps in its event loop. */
const dreamer = kthread(function* benchDreamer(_value: number) {
  const r = region();
  const woken = Promise.withResolvers<void>();
  wakeUp = woken.resolve;
  r.begun();
  // The IPI that ends this may have come before this thread began, and found nobody; `stop` was stored before it was
  // sent.
  if (!r.stopped) yield* until(woken.promise);
});

/** Sends IPIs at a rate, on time or as soon after as it can; what the ring has no room for is refused and counted. */
const storm = kthread(function* benchStormer(rate: number, target: number) {
  const r = region();
  r.begun();
  const period = 1e9 / rate;
  let due = nowNs();
  let sent = 0;
  let refused = 0;
  while (!r.stopped) {
    const now = nowNs();
    for (; due <= now; due += period) {
      if (lwktSendIpiqNowait(target, stormIpi) === undefined) refused++;
      else sent++;
    }
    if (safepoint()) yield* lwktYield();
    // Behind by more than this, the rest is given up: a storm is a load, not a measurement.
    due = Math.max(due, nowNs() - 1e6);
  }
  r.addStorm(sent, refused);
});

const THREADS: Readonly<Record<Exclude<LoadName, 'none' | 'storm'>, KThread<[number], void>>> = {
  compute,
  crit,
  gc,
  mplock,
  switch: yielder,
};

function threadsOf({ name, value }: Load): number {
  if (name === 'none' || name === 'storm') return 0;
  if (name === 'mplock') return MPLOCK_THREADS;
  return name === 'switch' ? value : 1;
}

const binder = kthread(function* benchBind(plan: IpiPlan) {
  bind(plan);
});

/** Makes every cpu ready; the threads end at once. */
export function bindAll(plan: IpiPlan): Td[] {
  return Array.from({ length: plan.cpus }, (_, cpu) => spawn(binder, [plan], { cpu }));
}

/** Makes the threads of a run's loads on the cpus where they belong. */
export function startLoads(plan: IpiPlan): Td[] {
  const all: Td[] = [];
  const targets = receivers(plan);
  for (const load of plan.loads) {
    const { name, value } = load;
    if (name === 'none') continue;
    if (name === 'storm') {
      const others = Array.from({ length: plan.cpus }, (_, cpu) => cpu).filter(
        (cpu) => cpu !== mycpu() && !targets.includes(cpu),
      );
      for (const cpu of others) {
        all.push(spawn(storm, [value / others.length, targets[0] as number], { cpu, name: 'storm' }));
      }
      continue;
    }
    for (const cpu of targets) {
      for (let i = 0; i < threadsOf(load); i++) all.push(spawn(THREADS[name], [value], { cpu, name }));
    }
  }
  const quiet = all.length === 0;
  for (const cpu of targets) {
    if (plan.wake === 'loop') all.push(spawn(dreamer, [0], { cpu, name: 'dreamer' }));
    if (plan.mode === 'passive' && quiet) all.push(spawn(attentive, [0], { cpu, name: 'attentive' }));
  }
  return all;
}
