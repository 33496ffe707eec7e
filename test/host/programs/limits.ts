/** Uses up one limit after the other on purpose; what is left works as before. */
import {
  critEnter,
  critExit,
  destroy,
  join,
  kill,
  kthread,
  lwktGetToken,
  lwktRelToken,
  LwktError,
  mutex,
  mycpu,
  ncpus,
  shared,
  sleep,
  spawn,
  token,
  type Mutex,
  type Td,
} from 'lwkt/thread';

const tok = token('limits');
const words = shared.i32('standing', 2);
const STANDS = 0;
const MAY_GO = 1;

/** Takes nothing that is sent to its cpu until it may. */
export const stands = kthread(function* stands() {
  yield* sleep(0);
  critEnter();
  Atomics.store(words, STANDS, 1);
  Atomics.notify(words, STANDS);
  while (Atomics.load(words, MAY_GO) === 0);
  critExit();
});

/** Ends when the other stands. */
export const stand = kthread(function* stand() {
  yield* sleep(0);
  Atomics.wait(words, STANDS, 0);
});

export const letGo = kthread(function* letGo() {
  yield* sleep(0);
  Atomics.store(words, MAY_GO, 1);
});

const waits = kthread(function* waits(text: string) {
  yield* sleep(1_000_000);
  return text;
});

const echo = kthread(function* echo(text: string) {
  yield* sleep(0);
  return text;
});

function refusal(run: () => void): string {
  for (;;) {
    try {
      run();
    } catch (error) {
      if (error instanceof LwktError) return `${error.code}: ${error.message}`;
      throw error;
    }
  }
}

function* end(tds: readonly Td[]): Generator<unknown, void, unknown> {
  for (const td of tds) {
    kill(td);
    try {
      yield* join(td);
    } catch {
      // Killed.
    }
  }
}

/** Threads that are not joined. */
export const threads = kthread(function* threads() {
  const tds: Td[] = [];
  const error = refusal(() => tds.push(spawn(waits, [''], { cpu: tds.length % ncpus() })));
  yield* end(tds);
  return error;
});

/** Arguments on their way to threads that do not take them. */
export const messages = kthread(function* messages() {
  const tds: Td[] = [];
  const text = 'x'.repeat(20_000);
  const error = refusal(() =>
    tds.push(spawn(waits, [text], { cpu: (mycpu() + 1) % ncpus(), stopped: true })),
  );
  yield* end(tds);
  return error;
});

const returns = kthread(function* returns(bytes: number) {
  yield* sleep(0);
  return 'y'.repeat(bytes);
});

/** A result that has no room. */
export const results = kthread(function* results() {
  try {
    yield* join(spawn(returns, [4_000_000], { cpu: (mycpu() + 1) % ncpus() }));
    return 'no error';
  } catch (error) {
    return error instanceof LwktError ? `${error.code}: ${error.message}` : String(error);
  }
});

export const names = kthread(function* names() {
  let n = 0;
  yield* sleep(0);
  return refusal(() => void token(`name ${n++}`));
});

export const memory = kthread(function* memory() {
  yield* sleep(0);
  return refusal(() => void shared.u8('too large', 100_000_000));
});

/** Objects without a name lie in message space. */
export const objects = kthread(function* objects() {
  yield* sleep(0);
  const made: Mutex[] = [];
  const error = refusal(() => made.push(mutex()));
  for (const one of made) destroy(one);
  return error;
});

/** Threads on each cpu, their arguments and results, the token. */
export const works = kthread(function* works() {
  for (let cpu = 0; cpu < ncpus(); cpu++) {
    yield* lwktGetToken(tok);
    lwktRelToken(tok);
    const text = `text ${cpu} `.repeat(10);
    if ((yield* join(spawn(echo, [text], { cpu }))) !== text) return false;
  }
  return true;
});
