/**
 * Doing something once in the machine: the first thread does it, others wait until it is done.
 *
 * ## Words
 *
 *   state   ONCE_NOT, ONCE_DONE, or minus the handle of the thread that is at it
 *
 * ## Ordering
 *
 *   B1  done: the state is stored (atomic), then all are woken. The waiter's half is in waiting.ts, A1.
 *
 * Source: POSIX pthread_once.
 */
import type { Once } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { casA, ldA, stA } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { isLost } from './dead.ts';
import { cpu } from './globaldata.ts';
import { isSync, makeSync, notSync, syncCode } from './sync-object.ts';
import { handleOf } from './thread.ts';
import { wakeAll } from './tsleep.ts';
import { untimely } from './untimely.ts';
import { identOf, waitUntil } from './waiting.ts';

const { state: S_STATE } = Sync;
const ONCE = syncCode('once');
const WMESG_ONCE = wmesgCode('once');
const ONCE_NOT = 0;
const ONCE_DONE = 1;

/**
 * Something to be done once.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function once(name?: string): Once {
  return makeSync('once', name);
}

/** Another thread is at it; not if it died with its cpu: then the next one tries. */
function underWay(o: Once): boolean {
  const { m } = cpu;
  const state = ldA(m, o, S_STATE);
  if (state >= 0) return false;
  if (isLost(-state)) casA(m, o, S_STATE, state, ONCE_NOT);
  return ldA(m, o, S_STATE) < 0;
}

function* runBody(
  o: Once,
  body: () => Generator<unknown, unknown, unknown>,
): Generator<unknown, boolean, unknown> {
  disarm();
  const { m } = cpu;
  while (ldA(m, o, S_STATE) !== ONCE_DONE) {
    const me = -Number(handleOf(cpu.curthread));
    if (casA(m, o, S_STATE, ONCE_NOT, me) === ONCE_NOT) {
      let finished = false;
      try {
        yield* body();
        finished = true;
      } finally {
        stA(m, o, S_STATE, finished ? ONCE_DONE : ONCE_NOT); // B1
        wakeAll(identOf(o));
      }
      return true;
    }
    const wanted = { ref: o, ident: identOf(o), wmesg: WMESG_ONCE };
    yield* waitUntil(wanted, Infinity, () => !underWay(o));
  }
  return false;
}

/**
 * Runs `body` unless it has been run; waits while another thread is at it. If that one fails, the next one tries.
 *
 * Context: thread; blocks.
 *
 * @returns true when this call ran it
 * @throws what `body` throws, in the thread that ran it; LwktError ERR_LWKT_OPTION for what is no once
 */
export function onceRun(o: Once, body: () => Generator<unknown, unknown, unknown>): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => onceRun(o, body));
  if (!isSync(o, ONCE)) throw notSync('onceRun()', 'once', o);
  arm('onceRun()');
  return runBody(o, body);
}
