/**
 * What are the costs of one cpu made of? Each part alone, in one thread of one run, the least of many batches.
 *
 *   npx lwkt run benchmarks/parts.ts --cpus 1
 *
 * In: the part and the loop around it. Out: compilation, collections, whatever else the computer did.
 */
import {
  critEnter,
  critExit,
  join,
  kthread,
  lwktGetToken,
  lwktRelToken,
  lwktTryToken,
  lwktYield,
  shared,
  spawn,
  token,
} from 'lwkt/thread';

const BATCH = 200_000;
const BATCHES = 40;

type Body = Generator<unknown, void, unknown>;

const tok = token('parts');
const words = shared.i32('parts', 1);

const DONE = { done: true, value: undefined } as const;
/** What `yield*` of a blocking function finds when nothing has to be waited for. */
const ready = { [Symbol.iterator]: () => ready, next: () => DONE };

const nothing = kthread(function* nothing() {});

function* fresh(): Body {}

function* endless(): Body {
  for (;;) yield;
}
const two = [endless(), endless()] as const;

/** The words that getting and releasing a token must read and write, and nothing around them. */
const bare = new Int32Array(new SharedArrayBuffer(64));
const list = new Int32Array(64);
const state = { held: 0 };
const [PRI, OWNER, HOLDER, GEN, LOW, HIGH, BELL] = [0, 1, 2, 3, 4, 5, 6] as const;
const TOK = 7;

function takeByHand(): boolean {
  const pri = (bare[PRI] as number) + 32;
  if (bare[OWNER] !== 0 || ((bare[HOLDER] as number) & 1) !== 0 || pri > 1000) return false;
  bare[GEN] = ((bare[GEN] as number) + 1) | 0;
  bare[HOLDER] = 1;
  list[state.held++] = TOK;
  bare[PRI] = pri;
  return true;
}

function releaseByHand(): boolean {
  const top = state.held - 1;
  if (top < 0 || list[top] !== TOK || bare[HOLDER] !== 1) return false;
  state.held = top;
  bare[HOLDER] = 0;
  const pri = (bare[PRI] as number) - 32;
  bare[PRI] = pri;
  return ((bare[LOW] as number) | (bare[HIGH] as number)) === 0 && pri >= 0 && bare[BELL] === 0;
}

/** In the shared word: end. */
const END = -1;
const other = kthread(function* other() {
  while (words[0] !== END) yield* lwktYield();
});

/** One loop for each: a loop over functions would measure calls of functions. */
const PARTS: Readonly<Record<string, (n: number) => Body>> = {
  *'one store'(n) {
    for (let i = 0; i < n; i++) words[0] = i;
  },
  *'yield* of what is ready'(n) {
    for (let i = 0; i < n; i++) {
      words[0] = i;
      yield* ready;
    }
  },
  *'critEnter, critExit'(n) {
    for (let i = 0; i < n; i++) {
      critEnter();
      words[0] = i;
      critExit();
    }
  },
  *'the words of a token, by hand'(n) {
    for (let i = 0; i < n; i++) {
      if (!takeByHand()) throw new Error('it is held');
      words[0] = i;
      if (!releaseByHand()) throw new Error('it is not held, or somebody waits');
    }
  },
  *'lwktTryToken, lwktRelToken'(n) {
    for (let i = 0; i < n; i++) {
      lwktTryToken(tok);
      words[0] = i;
      lwktRelToken(tok);
    }
  },
  *'lwktGetToken, lwktRelToken'(n) {
    for (let i = 0; i < n; i++) {
      yield* lwktGetToken(tok);
      words[0] = i;
      lwktRelToken(tok);
    }
  },
  *'Atomics.compareExchange, Atomics.store'(n) {
    for (let i = 0; i < n; i++) {
      Atomics.compareExchange(words, 0, 0, 1);
      Atomics.store(words, 0, 0);
    }
  },
  *'one step of a bare generator, two in turn'(n) {
    for (let i = 0; i < n; i++) two[(i & 1) as 0 | 1].next();
  },
  *'lwktYield, two threads'(n) {
    words[0] = 0;
    const td = spawn(other, []);
    // Both switch: two of them each time.
    for (let i = 0; i < n / 2; i++) yield* lwktYield();
    words[0] = END;
    yield* join(td);
  },
  *'a bare generator, made and run'(n) {
    for (let i = 0; i < n; i++) fresh().next();
  },
  *'spawn, join'(n) {
    for (let i = 0; i < n; i++) yield* join(spawn(nothing, []));
  },
};

export default kthread(function* main() {
  for (const [name, part] of Object.entries(PARTS)) {
    let least = Infinity;
    for (let batch = 0; batch < BATCHES; batch++) {
      const start = performance.now();
      yield* part(BATCH);
      least = Math.min(least, ((performance.now() - start) * 1e6) / BATCH);
    }
    console.log(`${least.toFixed(1).padStart(7)} ns  ${name}`);
  }
});
