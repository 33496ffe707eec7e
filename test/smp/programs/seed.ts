/** The seed's protocols between cpus: preemption, MP lock, kill, references, moving, kinds of IPIs. */
import {
  curthread,
  getMplock,
  ipiFunc,
  ipiqDone,
  join,
  kill,
  kthread,
  lwktAcquire,
  lwktAwaitIpiq,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktHold,
  lwktRele,
  lwktRelToken,
  lwktSchedule,
  lwktSendIpiqMask,
  lwktSendIpiqNowait,
  lwktSendIpiqPassive,
  lwktSwitch,
  lwktWaitFree,
  lwktYield,
  LwktError,
  movePoint,
  mpcount,
  mycpu,
  ncpus,
  relMplock,
  safepoint,
  shared,
  sleep,
  spawn,
  token,
  tryMplock,
  tsleep,
  tsleepInterlock,
  wakeup,
  wakeupOne,
} from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

// ---- MP lock

/** Two words that only the holder of the lock changes, always together; and threads inside. */
const guarded = shared.i32('guarded', 3);

const locker = kthread(function* locker(rounds: number, seed: number) {
  const next = random(seed);
  let wrong = 0;
  for (let i = 0; i < rounds; i++) {
    const deep = next(3);
    if (next(4) !== 0 || !tryMplock()) yield* getMplock();
    for (let k = 0; k < deep; k++) yield* getMplock();
    if (Atomics.add(guarded, 2, 1) !== 0) wrong++;
    const was = guarded[0];
    for (let spins = next(50); spins > 0; spins--) safepoint();
    if (guarded[0] !== was || guarded[1] !== was) wrong++;
    guarded[0] = was + 1;
    guarded[1] = was + 1;
    Atomics.sub(guarded, 2, 1);
    // Blocks with the lock: loses it, and has it again after.
    if (next(8) === 0) yield* lwktYield();
    if (mpcount() !== deep + 1) wrong++;
    if (Atomics.add(guarded, 2, 1) !== 0) wrong++;
    Atomics.sub(guarded, 2, 1);
    for (let k = 0; k <= deep; k++) relMplock();
    if (next(16) === 0) yield* sleep(0);
  }
  return wrong;
});

const bystander = kthread(function* bystander(stop: number) {
  let turns = 0;
  while (Atomics.load(flags, stop) === 0) {
    turns++;
    yield* lwktYield();
  }
  return turns;
});

const flags = shared.i32('flags', 8);

export const mplock = kthread(function* mplock(threads: number, rounds: number, seed: number) {
  const others = Array.from({ length: ncpus() }, (_, cpu) => spawn(bystander, [0], { cpu }));
  const tds = Array.from({ length: threads }, (_, i) =>
    spawn(locker, [rounds, seed + i], { cpu: i % ncpus() }),
  );
  let wrong = 0;
  for (const td of tds) wrong += yield* join(td);
  Atomics.store(flags, 0, 1);
  let idle = 0;
  for (const td of others) if ((yield* join(td)) === 0) idle++;
  return { count: guarded[0], twin: guarded[1], wrong, idle };
});

// ---- preemption

const MAX = 64;
/** For each cpu: how often its interrupt thread ran, and how often it was woken. */
const ran = shared.i32('ran', MAX);
const rung = shared.i32('rung', MAX);
const ready = shared.i32('ready', 1);
const handles = shared.i32('handles', MAX);

const interrupt = kthread(function* interrupt(me: number) {
  handles[me] = curthread();
  Atomics.add(ready, 0, 1);
  for (;;) {
    lwktDescheduleSelf();
    // What was rung before is seen by this pass.
    ran[me] = Atomics.load(rung, me);
    if (Atomics.load(flags, 1) !== 0) return;
    yield* lwktSwitch();
  }
});

/** Computes with safepoints and a token now and then; nothing of it may be disturbed by the interrupt thread. */
const victim = kthread(function* victim(me: number, rounds: number) {
  const tok = token(`victim ${me}`);
  let sum = 0;
  for (let i = 0; i < rounds; i++) {
    sum += i;
    if (safepoint()) yield* lwktYield();
    if (i % 64 === 0) {
      yield* lwktGetToken(tok);
      lwktRelToken(tok);
    }
  }
  return sum;
});

const ringer = kthread(function* ringer(rounds: number, seed: number) {
  const next = random(seed);
  for (let i = 0; i < rounds; i++) {
    const target = next(ncpus());
    Atomics.add(rung, target, 1);
    lwktSchedule(handles[target] as number);
    if (next(4) === 0) yield* lwktYield();
  }
});

export const preempt = kthread(function* preempt(rounds: number, seed: number) {
  const n = ncpus();
  const interrupts = Array.from({ length: n }, (_, cpu) => spawn(interrupt, [cpu], { cpu, interrupt: true }));
  while (Atomics.load(ready, 0) !== n) yield* sleep(0.1);
  const victims = Array.from({ length: n }, (_, cpu) => spawn(victim, [cpu, rounds * 20], { cpu }));
  const ringers = Array.from({ length: n }, (_, cpu) => spawn(ringer, [rounds, seed + cpu], { cpu }));
  for (const td of ringers) yield* join(td);
  const sums = new Set<number>();
  for (const td of victims) sums.add(yield* join(td));
  // Every ring was seen by a pass that came after it.
  while (!handles.subarray(0, n).every((_, cpu) => ran[cpu] === Atomics.load(rung, cpu))) yield* sleep(0.1);
  Atomics.store(flags, 1, 1);
  for (const handle of handles.subarray(0, n)) lwktSchedule(handle);
  for (const td of interrupts) yield* join(td);
  const total = handles.subarray(0, n).reduce((sum, _, cpu) => sum + (rung[cpu] as number), 0);
  return { total, sums: [...sums] };
});

// ---- kill

const lock = token('kill');
const cleaned = shared.i32('cleaned', 1);

const mortal = kthread(function* mortal(kind: number) {
  try {
    for (;;) {
      if (kind === 0) yield* sleep(1000);
      else if (kind === 1) {
        yield* lwktGetToken(lock);
        yield* lwktYield();
        lwktRelToken(lock);
      } else if (safepoint()) yield* lwktYield();
    }
  } finally {
    Atomics.add(cleaned, 0, 1);
  }
});

export const kills = kthread(function* kills(rounds: number, seed: number) {
  const next = random(seed);
  let errors = 0;
  let made = 0;
  for (let i = 0; i < rounds; i++) {
    const batch = Array.from({ length: 8 }, () =>
      spawn(mortal, [[0, 1, 3][next(3)] as number], { cpu: next(ncpus()) }),
    );
    made += batch.length;
    for (let spins = next(200); spins > 0; spins--) safepoint();
    if (next(2) === 0) yield* lwktYield();
    for (const td of batch) kill(td);
    for (const td of batch) {
      try {
        yield* join(td);
      } catch (error) {
        if (error instanceof LwktError && error.code === 'ERR_LWKT_KILLED') errors++;
      }
    }
  }
  // Those that were killed before they started had nothing to clean.
  return { made, errors, cleaned: cleaned[0] <= made };
});

// ---- references

const short = kthread(function* short(n: number) {
  if (n % 3 === 0) yield* lwktYield();
  return n;
});

/** Holds threads of anybody's for a while. */
const holder = kthread(function* holder(handle: number, naps: number) {
  for (let i = 0; i < naps; i++) yield* lwktYield();
  lwktRele(handle);
});

export const references = kthread(function* references(rounds: number, seed: number) {
  const next = random(seed);
  let sum = 0;
  for (let i = 0; i < rounds; i++) {
    const td = spawn(short, [i], { cpu: next(ncpus()) });
    const holders = Array.from({ length: 1 + next(3) }, () => {
      lwktHold(td);
      return spawn(holder, [td, next(4)], { cpu: next(ncpus()) });
    });
    if (next(2) === 0) {
      yield* lwktWaitFree(td);
      sum += yield* join(td);
    } else {
      lwktHold(td);
      sum += yield* join(td);
      lwktRele(td);
    }
    for (const h of holders) yield* join(h);
  }
  return sum;
});

// ---- moving

interface Walk {
  readonly id: number;
  steps: number;
  wrong: number;
}

/** Steps of each walker, counted by whatever cpu it is on, without protection: it is on one at a time. */
const steps = shared.i32('steps', MAX);

const walker = kthread(
  function* walker(state: Walk): Generator<unknown, Walk, unknown> {
    while (Atomics.load(flags, 2) === 0) {
      const { id } = state;
      if (steps[id] !== state.steps) state.wrong++;
      state.steps++;
      steps[id] = state.steps;
      yield* movePoint(state);
      yield* lwktYield();
    }
    return state;
  },
  { movable: true },
);

const puller = kthread(function* puller(handle: number, times: number, seed: number) {
  const next = random(seed);
  for (let pulled = 0; pulled < times;) {
    try {
      yield* lwktAcquire(handle);
      pulled++;
    } catch (error) {
      // Another cpu asked first.
      if (!(error instanceof LwktError) || error.code !== 'ERR_LWKT_MOVE') throw error;
    }
    for (let naps = next(4); naps > 0; naps--) yield* lwktYield();
  }
});

export const moves = kthread(function* moves(walkers: number, pulls: number, seed: number) {
  const n = ncpus();
  const tds = Array.from({ length: walkers }, (_, id) =>
    spawn(walker, [{ id, steps: 0, wrong: 0 }], { cpu: id % n }),
  );
  const pullers = tds.flatMap((td, i) =>
    Array.from({ length: n }, (_, cpu) => spawn(puller, [td, pulls, seed + i * n + cpu], { cpu })),
  );
  // Scheduled from afar while they move.
  for (let i = 0; i < 200; i++) {
    for (const td of tds) lwktSchedule(td);
    yield* lwktYield();
  }
  for (const td of pullers) yield* join(td);
  Atomics.store(flags, 2, 1);
  let wrong = 0;
  for (const [id, td] of tds.entries()) {
    const state = yield* join(td);
    wrong += state.wrong;
    if (state.steps !== steps[id]) wrong++;
  }
  return wrong;
});

// ---- balance

const grain = kthread(function* grain(spins: number) {
  let x = 1;
  for (let i = 0; i < spins; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  Atomics.add(ran, mycpu(), 1);
  yield* lwktYield();
  return x === 0 ? 1 : 0;
});

/** Uneven threads, all made on this cpu for anywhere: how many ran where. */
export const balanced = kthread(function* balanced(threads: number) {
  // The long ones come together, so that fair shares by number are unfair by time.
  const tds = Array.from({ length: threads }, (_, i) =>
    spawn(grain, [i % 2 === 0 ? 40_000 : 100], { cpu: 'any' }),
  );
  for (const td of tds) yield* join(td);
  return Array.from({ length: ncpus() }, (_, cpu) => Atomics.load(ran, cpu));
});

// ---- kinds of IPIs

const got = shared.i32('got', MAX);
const count = ipiFunc(function count(n: number) {
  Atomics.add(got, mycpu(), n);
});

const sender = kthread(function* sender(rounds: number, seed: number) {
  const next = random(seed);
  const sums = new Array<number>(ncpus()).fill(0);
  const add = (cpu: number, n: number): void => {
    sums[cpu] = (sums[cpu] as number) + n;
  };
  let early = 0;
  for (let i = 0; i < rounds; i++) {
    const target = next(ncpus());
    const n = 1 + next(9);
    switch (next(4)) {
      case 0: {
        lwktSendIpiqPassive(target, count, n);
        add(target, n);
        break;
      }
      case 1: {
        if (lwktSendIpiqNowait(target, count, n) !== undefined) add(target, n);
        break;
      }
      case 2: {
        const sent = lwktSendIpiqMask('all', count, n);
        for (const { cpu } of sent) add(cpu, n);
        for (const { cpu, seq } of sent) {
          yield* lwktAwaitIpiq(cpu, seq);
          if (!ipiqDone(cpu, seq)) early++;
        }
        break;
      }
      default: {
        const seq = lwktSendIpiqPassive(target, count, n);
        add(target, n);
        yield* lwktAwaitIpiq(target, seq);
        if (!ipiqDone(target, seq)) early++;
      }
    }
  }
  // What is passive is flushed by waiting for something behind it.
  for (const { cpu, seq } of lwktSendIpiqMask('all', count, 0)) yield* lwktAwaitIpiq(cpu, seq);
  return [early, ...sums];
});

export const kinds = kthread(function* kinds(senders: number, rounds: number, seed: number) {
  const n = ncpus();
  const tds = Array.from({ length: senders }, (_, i) => spawn(sender, [rounds, seed + i], { cpu: i % n }));
  const wanted = new Array<number>(n).fill(0);
  let early = 0;
  for (const td of tds) {
    const [e = 0, ...sums] = yield* join(td);
    early += e;
    for (const [cpu, sum] of sums.entries()) wanted[cpu] = (wanted[cpu] as number) + sum;
  }
  return { early, wrong: wanted.filter((sum, cpu) => sum !== Atomics.load(got, cpu)).length };
});

// ---- tsleep

const turn = shared.i32('turn', 1);
const credits = shared.i32('credits', 2);
const TURN = 1;
const CREDIT = 2;

const inTurn = kthread(function* inTurn(me: number, players: number, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    for (;;) {
      tsleepInterlock(TURN);
      if (Atomics.load(turn, 0) % players === me) break;
      yield* tsleep(TURN, { interlocked: true });
    }
    Atomics.add(turn, 0, 1);
    wakeup(TURN);
  }
});

/** Takes credits until there will be no more; each credit wakes one. */
const taker = kthread(function* taker() {
  let taken = 0;
  for (;;) {
    tsleepInterlock(CREDIT);
    const now = Atomics.load(credits, 0);
    if (now > 0) {
      if (Atomics.compareExchange(credits, 0, now, now - 1) === now) taken++;
    } else if (Atomics.load(credits, 1) !== 0) return taken;
    else yield* tsleep(CREDIT, { interlocked: true });
  }
});

export const sleeps = kthread(function* sleeps(rounds: number, seed: number) {
  const n = ncpus();
  const next = random(seed);
  const players = Array.from({ length: n }, (_, cpu) => spawn(inTurn, [cpu, n, rounds], { cpu }));
  const takers = Array.from({ length: 2 * n }, (_, i) => spawn(taker, [], { cpu: i % n }));
  for (let i = 0; i < rounds * n; i++) {
    Atomics.add(credits, 0, 1);
    wakeupOne(CREDIT);
    if (next(4) === 0) yield* lwktYield();
  }
  for (const td of players) yield* join(td);
  Atomics.store(credits, 1, 1);
  wakeup(CREDIT);
  let taken = 0;
  for (const td of takers) taken += yield* join(td);
  return { turns: Atomics.load(turn, 0), taken };
});
