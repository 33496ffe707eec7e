/** Threads made and joined across cpus. */
import {
  join,
  kthread,
  lwktYield,
  mycpu,
  ncpus,
  shared,
  sleep,
  spawn,
  type KThread,
  type Td,
  type LwktError,
} from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const ran = shared.i32('ran', 64);

const echo = kthread(function* echo(n: number, text: string, yields: number) {
  Atomics.add(ran, mycpu(), 1);
  for (let i = 0; i < yields; i++) yield* lwktYield();
  if (n % 11 === 0) throw Object.assign(new RangeError(`echo ${n}`), { code: `E${n}` });
  return n % 3 === 0 ? n : { n, text };
});

const spawner = kthread(function* spawner(count: number, seed: number) {
  const next = random(seed + mycpu());
  const live: { td: Td; n: number }[] = [];
  let good = 0;
  for (let n = 1; n <= count; n++) {
    live.push({ td: spawn(echo, [n, 'x'.repeat(next(300)), next(3)], { cpu: next(ncpus()) }), n });
    while (live.length > next(12) + (n === count ? -20 : 0)) {
      const [one] = live.splice(next(live.length), 1);
      if (one === undefined) break;
      try {
        const value = (yield* join(one.td)) as number | { n: number };
        if ((typeof value === 'number' ? value : value.n) === one.n && one.n % 11 !== 0) good++;
      } catch (error) {
        const { message, code, name } = error as Error & { code: string };
        if (message === `echo ${one.n}` && code === `E${one.n}` && name === 'RangeError' && one.n % 11 === 0)
          good++;
      }
    }
  }
  return good;
});

export const storm = kthread(function* storm(count: number, seed: number) {
  const threads = Array.from({ length: ncpus() }, (_, cpu) => spawn(spawner, [count, seed], { cpu }));
  const good: number[] = [];
  for (const td of threads) good.push(yield* join(td));
  return { good, ran: ran.reduce((sum, n) => sum + n, 0) };
});

const tree: KThread<[number], number> = kthread(function* node(
  depth: number,
): Generator<unknown, number, unknown> {
  if (depth === 0) return 1;
  const left = spawn(tree, [depth - 1], { cpu: 'spread' });
  const right = spawn(tree, [depth - 1], { cpu: 'any' });
  return (yield* join(left)) + (yield* join(right));
});

export const forest = kthread(function* forest(depth: number) {
  return yield* join(spawn(tree, [depth]));
});

// ---- one thread, several joiners

const target = kthread(function* target(yields: number) {
  for (let i = 0; i < yields; i++) yield* lwktYield();
  return 42;
});

const joiner = kthread(function* joiner(td: number) {
  try {
    return yield* join(td as Td<number>);
  } catch (error) {
    return (error as LwktError).code;
  }
});

/** Every cpu joins the same thread: one gets the result, the others are told. */
export const race = kthread(function* race(rounds: number, seed: number) {
  const next = random(seed);
  const odd: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const td = spawn(target, [next(4)], { cpu: next(ncpus()) });
    const joiners = Array.from({ length: ncpus() }, (_, cpu) => spawn(joiner, [td], { cpu }));
    const results: unknown[] = [];
    for (const one of joiners) results.push(yield* join(one));
    const won = results.filter((result) => result === 42).length;
    const told = results.filter(
      (result) => result === 'ERR_LWKT_JOINED' || result === 'ERR_LWKT_NO_THREAD',
    ).length;
    if (won !== 1 || told !== ncpus() - 1) odd.push(JSON.stringify(results));
  }
  return odd;
});

// ---- detached

const noter = kthread(function* noter() {
  Atomics.add(ran, mycpu(), 1);
});

export const detached = kthread(function* detached(count: number) {
  for (let i = 0; i < count; i++) {
    spawn(noter, [], { cpu: i % ncpus(), detached: true });
    if (i % 50 === 49) while (ran.reduce((sum, n) => sum + n, 0) <= i) yield* sleep(0.1);
  }
  return [...ran.subarray(0, ncpus())];
});

// ---- limits

const hold = kthread(function* hold() {
  yield* sleep(1);
  return 1;
});

/** Spawns until there are no more threads; joins them; again. */
export const fill = kthread(function* fill(rounds: number) {
  const out: { code: unknown; message: string; made: number; sum: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const threads: Td<number>[] = [];
    let failed: LwktError | undefined;
    while (failed === undefined) {
      try {
        threads.push(spawn(hold, [], { cpu: threads.length % ncpus() }));
      } catch (error) {
        failed = error as LwktError;
      }
    }
    let sum = 0;
    for (const td of threads) sum += yield* join(td);
    out.push({ code: failed.code, message: failed.message, made: threads.length, sum });
  }
  return out;
});

const large = kthread(function* large(bytes: Uint8Array) {
  yield* sleep(1);
  return bytes.every((byte) => byte === 7) ? bytes.length : -1;
});

const returnsLarge = kthread(function* returnsLarge(bytes: number) {
  yield* lwktYield();
  return new Uint8Array(bytes).fill(9);
});

/** Sends arguments until the message space is full; all that were sent arrive, and there is room again. */
export const exhaust = kthread(function* exhaust(bytes: number) {
  const threads: Td<number>[] = [];
  let code: unknown;
  let message = '';
  while (code === undefined) {
    try {
      threads.push(spawn(large, [new Uint8Array(bytes).fill(7)], { cpu: 1 }));
    } catch (error) {
      ({ code, message } = error as LwktError);
    }
  }
  let good = 0;
  for (const td of threads) if ((yield* join(td)) === bytes) good++;
  const again = yield* join(spawn(large, [new Uint8Array(bytes).fill(7)], { cpu: 1 }));
  return { code, message, sent: threads.length, good, again };
});

/** Results that find no room become errors; every thread is told one or the other. */
export const exhaustResults = kthread(function* exhaustResults(count: number, bytes: number) {
  const threads = Array.from({ length: count }, () => spawn(returnsLarge, [bytes], { cpu: 1 }));
  let good = 0;
  let told = 0;
  for (const td of threads) {
    // Late, so that results pile up.
    yield* sleep(0.2);
    try {
      if ((yield* join(td)).every((byte) => byte === 9)) good++;
    } catch (error) {
      if ((error as LwktError).code === 'ERR_LWKT_MESSAGES') told++;
      else throw error;
    }
  }
  return { good, told };
});

const asks = kthread(function* asks(td: number) {
  const bytes = yield* join(td as Td<Uint8Array>);
  return bytes.length;
});

/** Results asked for all at once, from another cpu than they are made on. */
export const exhaustAtOnce = kthread(function* exhaustAtOnce(count: number, bytes: number) {
  const threads = Array.from({ length: count }, () => spawn(returnsLarge, [bytes], { cpu: 1 }));
  const askers = threads.map((td) => spawn(asks, [td], { cpu: 0 }));
  let good = 0;
  let told = 0;
  for (const td of askers) {
    try {
      if ((yield* join(td)) === bytes) good++;
    } catch (error) {
      if ((error as LwktError).code === 'ERR_LWKT_MESSAGES') told++;
      else throw error;
    }
  }
  return { good, told };
});
