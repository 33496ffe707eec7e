/**
 * Going on without a cpu that died: what each survivor does, at a switch, while no thread of it runs.
 *
 * A cpu may die between any two instructions: in a thread, in an IPI function, in the middle of a hand-over. So nothing is
 * replayed; what lies in the arena is looked at, and whatever names the dead cpu is set right by whoever changes its
 * word first. Handlers take what comes twice.
 *
 * ## Steps
 *
 *   1  Each cpu, when its doorbell rings (poll.ts): whoever waits for the dead, for room or completion, goes on with an
 *      error; the ring to it looks full, and what is sent there is dropped.
 *   2  Each cpu, here: runs what the dead had still sent; takes its tokens and the MP lock; strikes it from request and
 *      sleeper masks. Says that it has seen the death.
 *   3  When all have (death.ts, A2/B2), each cpu here: takes over the dead cpu's threads, by compare-and-swap of their
 *      `cpu`; they end by an error, here. Asks again what the dead may have been asked. Wakes all its sleepers.
 *
 * ## What becomes of what
 *
 *   token        to a survivor, or free; what it guards may be half done. One that was on its way from the dead arrives.
 *   MP lock      free
 *   mutex        poisoned, by the first who wants it: mutex.ts. An rwlock that a thread of it wrote under as well.
 *   spinlock     free; once: the next one tries; barrier with one of it waiting: broken
 *   semaphore    units that its threads had are gone, as with a thread that ends without giving them back
 *   wait queue   owned by the dead: emptied, all who waited look again. Owned by another: its threads leave it
 *   tsleep       all sleepers of the machine look again
 *   thread       fails to its joiner, wherever that is; one on its way from the dead arrives, one on its way there fails
 *   IPI sent     to the dead: nobody knows whether it ran. From the dead, published: it runs
 *   references   that it had taken (lwktHold) stay, and their descriptors are not used again; lwktWaitFree ends by an error
 *   kill         of a living thread that the dead was to send on: sent again by who killed, if that one lives
 *   schedule     sent again by the cpu in whose ring to the dead it lay, if that one lives; so a thread may be scheduled
 *                once more than it was. Lost if it was under way in the dead while its slot was written anew
 *   deschedule, setpri   of such a thread: lost; said again they might undo what came after
 *
 * ## Not mended: the machine panics
 *
 *   A thread that read under an rwlock, or waited to: nobody knows which, or whether it was counted.
 *   A wait that was asked for by message (sysctl lwkt.waitq_message) and not answered.
 */
import {
  TDF_ADOPTED,
  TDF_ALLOCATED_THREAD,
  TDF_DETACHED,
  TDF_EXITED,
  TDPRI_CRIT,
  TDPRI_MASK,
} from '../base/params.ts';
import { panic } from '../base/panic.ts';
import { LwktError } from '../base/errors.ts';
import type { ThreadRef, WaitQueue } from '../base/ids.ts';
import { WMESGS, wmesgCode } from '../base/wmesg.ts';
import { dropValue, VALUE_LOCAL_ERROR } from '../shared-memory/value.ts';
import { deathsSettled, diedAt, heritage, seenDeaths } from '../shared-memory/death.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { eachSymbol } from '../shared-memory/symbols.ts';
import { tailqFirst } from '../shared-memory/tailq.ts';
import { addA, casA, ld, ldHint, st } from '../shared-memory/word.ts';
import { adopt } from './create.ts';
import { isLost, obituary } from './dead.ts';
import { deliver, TAKEN, unjoinHandler } from './exit.ts';
import { note } from './events.ts';
import { cpu } from './globaldata.ts';
import { takeUnheard } from './ipiq.ts';
import { ALL_SOURCES, processIpiq } from './ipiq-drain.ts';
import { joinAgain, keepJoined } from './join.ts';
import { killAgain } from './kill.ts';
import { bereaveMplock } from './mplock-owner.ts';
import { bereaveMoves, movedFrom } from './move.ts';
import { bereaveRefs } from './refs.ts';
import { arrived, setRunnable, wakeHandle } from './schedule.ts';
import { setPoisoned } from './sync-object.ts';
import {
  commOf,
  handleOf,
  linkThread,
  locals,
  lwktFreeThread,
  makeRoom,
  slotOf,
  stacks,
  tryRefOf,
  unlinkThread,
} from './thread.ts';
import { bereaveMutexToken } from './token-mutex.ts';
import { bereaveToken } from './token-owner.ts';
import { bereaveSleepers, wakeAll } from './tsleep.ts';
import { bereaveQueue, bereaveWaits, unblockHandler, waits } from './wait-queue.ts';
import { identOf } from './waiting.ts';

const {
  allq: TD_ALLQ,
  cpu: TD_CPU,
  flags: TD_FLAGS,
  heldSync: TD_HELD_SYNC,
  joiner: TD_JOINER,
  mpcount: TD_MPCOUNT,
  preempted: TD_PREEMPTED,
  pri: TD_PRI,
  readLocks: TD_READ_LOCKS,
  refsWaiter: TD_REFS_WAITER,
  valueKind: TD_VALUE_KIND,
  wait: TD_WAIT,
  waitOn: TD_WAIT_ON,
  waitSeq: TD_WAIT_SEQ,
  wmesg: TD_WMESG,
  WORDS,
} = Thread;
const WMESG_ZOMBIE = wmesgCode('zombie');
/** What threads wait for that counts them. */
const COUNTED: ReadonlySet<string> = new Set(['mutex', 'semaphore', 'condition', 'barrier', 'once']);

/** Deaths after which steps 2 and 3 were done here. Per cpu. */
let seen = 0;
let settled = 0;

/** Cpus whose deaths are among those numbered `after` + 1 .. `upTo`. */
function deadBetween(after: number, upTo: number): number[] {
  const { arena, ncpus } = cpu;
  return Array.from({ length: ncpus }, (_, id) => id).filter((id) => {
    const number = diedAt(arena, id);
    return number > after && number <= upTo;
  });
}

/** Threads of this cpu. */
function* ownThreads(): Generator<ThreadRef> {
  const { m, gd } = cpu;
  for (let td = tailqFirst(m, gd + Globaldata.tdallq); td !== 0;) {
    const next = m[td + TD_ALLQ] as number;
    yield td;
    td = next;
  }
}

/** Descriptors in use that a condition holds for. */
function descriptors(which: (td: ThreadRef) => boolean): ThreadRef[] {
  const { m, slab, ncpus } = cpu;
  const found: ThreadRef[] = [];
  const end = slab + ld(m, 0, Machine.slabFresh) * WORDS;
  for (let td = slab + (1 + ncpus) * WORDS; td < end; td += WORDS) {
    if ((ld(m, td, TD_FLAGS) & TDF_ALLOCATED_THREAD) !== 0 && which(td)) found.push(td);
  }
  return found;
}

/**
 * Does what is to be done about cpus that died.
 *
 * Context: idle; never blocks.
 *
 * @throws MachinePanic for what cannot be mended
 */
export function survive(): void {
  const { arena, id } = cpu;
  cpu.mourns = false;
  const deaths = cpu.deaths;
  if (seen < deaths) {
    for (const dead of deadBetween(seen, deaths)) see(dead);
    seen = deaths;
    seenDeaths(arena, id, deaths);
  }
  const now = deathsSettled(arena);
  if (settled < now) {
    const dead = deadBetween(settled, now);
    settled = now;
    for (const one of dead) settle(one);
  }
}

/** Step 2. */
function see(dead: number): void {
  note(eventCode('cpu died'), dead);
  // A handler may wait for room in a ring, and see the next death meanwhile: that one is seen at the next switch.
  processIpiq(ALL_SOURCES);
  takeTokens(dead);
  bereaveMplock(dead);
  for (const td of ownThreads()) {
    keepJoined(td, dead);
    if (WMESGS[ld(cpu.m, td, TD_WMESG)] === 'ipiq' && ld(cpu.m, td, TD_WAIT) === dead) setRunnable(td);
  }
}

function takeTokens(dead: number): void {
  const { arena, m } = cpu;
  eachSymbol(arena, 'token', (tok) => void bereaveToken(tok, dead));
  eachSymbol(arena, 'mutex token', (tok) => bereaveMutexToken(tok, dead));
  eachSymbol(arena, 'wait queue', (w: WaitQueue) => {
    if (!bereaveToken(w as number, dead)) return;
    bereaveQueue(
      w,
      descriptors((td) => ld(m, td, TD_WAIT_ON) === w),
    );
  });
}

/** Step 3. */
function settle(dead: number): void {
  const { m, id } = cpu;
  processIpiq(ALL_SOURCES);
  // What was on its way when step 2 was done has arrived, or never will.
  takeTokens(dead);
  bereaveMplock(dead);
  bereaveWaits(dead);
  for (const td of descriptors((one) => movedFrom(one, dead))) adopt(td);
  for (const td of descriptors((one) => ldHint(m, one, TD_CPU) === dead)) {
    if (casA(m, td, TD_CPU, dead, id) === dead) take(td, dead);
  }
  for (const td of ownThreads()) joinAgain(td);
  bereaveMoves();
  killAgain();
  for (const handle of takeUnheard()) wakeHandle(handle);
  const bereft = heritage(cpu.arena, id, dead);
  if (bereft.length !== 0) {
    const all = descriptors(() => true);
    for (const one of bereft) bereaveRefs(one, all);
  }
  bereaveSleepers(dead);
}

/** Takes over one thread: takes back what it left behind, and ends it. */
function take(td: ThreadRef, dead: number): void {
  const { m } = cpu;
  const name = commOf(td);
  const handle = handleOf(td);
  makeRoom(slotOf(td));
  // On its way here, until all is done: what is asked of it meanwhile is kept.
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) & (TDF_ALLOCATED_THREAD | TDF_DETACHED));
  leaveWait(td, dead);
  if (ld(m, td, TD_READ_LOCKS) !== 0) {
    panic(
      `${obituary(dead)}; its thread ${handle} '${name}' read under an rwlock, and nobody knows under which`,
    );
  }
  // What it held stays as it is, for whoever wants it: the list may be half changed.
  st(m, td, TD_HELD_SYNC, 0);
  const error = new LwktError('ERR_LWKT_CPU_DIED', `thread ${handle} '${name}' was lost: ${obituary(dead)}`);
  const queue = ld(m, td, TD_WAIT_ON);
  if (queue === 0) {
    endLost(td, error);
    return;
  }
  if (queue < 0) {
    panic(`${obituary(dead)}; its thread ${handle} '${name}' had asked for a wait queue by message`);
  }
  // Its words are on a queue of another cpu, which is asked to let it go; the answer comes as to a living thread.
  const seq = ld(m, td, TD_WAIT_SEQ);
  waits.set(td, {
    over: false,
    signalled: false,
    seq,
    result: 0,
    whenOver: () => {
      waits.delete(td);
      endLost(td, error);
    },
  });
  unblockHandler(queue, handle, seq);
}

/** Ends a thread that this cpu took over, and that is on no queue: by an error, for whoever joins it. */
function endLost(td: ThreadRef, error: LwktError): void {
  const { m } = cpu;
  const slot = slotOf(td);
  const flags = ld(m, td, TD_FLAGS) & (TDF_ALLOCATED_THREAD | TDF_DETACHED);
  linkThread(td);
  dropValue(cpu.arena, cpu.id, td);
  st(m, td, TD_MPCOUNT, 0);
  st(m, td, TD_PREEMPTED, 0);
  st(m, td, TD_FLAGS, flags | TDF_ADOPTED | TDF_EXITED);
  st(m, td, TD_PRI, (ld(m, td, TD_PRI) & TDPRI_MASK) | TDPRI_CRIT);
  st(m, td, TD_WMESG, WMESG_ZOMBIE);
  stacks[slot] = null;
  locals[slot] = error;
  st(m, td, TD_VALUE_KIND, VALUE_LOCAL_ERROR);
  // Told that it has ended, its joiner has taken it over; if it was not, it asks again.
  const joiner = ld(m, td, TD_JOINER) === TAKEN ? 0 : ld(m, td, TD_JOINER);
  st(m, td, TD_JOINER, joiner);
  arrived(td);
  // The death itself is reported; a thread that nobody waits for adds nothing to that.
  if ((flags & TDF_DETACHED) !== 0 || (joiner > 0 && isLost(joiner))) {
    locals[slot] = undefined;
    unlinkThread(td);
    lwktFreeThread(td);
  } else if (joiner !== 0) deliver(td, joiner);
}

/** What a waiting thread has announced, by what it waits for. */
function leaveWait(td: ThreadRef, dead: number): void {
  const { m } = cpu;
  const handle = handleOf(td);
  const wait = ld(m, td, TD_WAIT);
  const wmesg = WMESGS[ld(m, td, TD_WMESG)];
  if (wmesg === 'join') unjoinHandler(wait, handle);
  else if (wmesg === 'refs') {
    const other = tryRefOf(wait);
    if (other !== 0) casA(m, other, TD_REFS_WAITER, handle, 0);
  } else if (wmesg === 'rwlock') {
    // Objects lie on even words; a writer waits on the word behind. A reader may be counted in either of two places.
    if ((-wait & 1) === 0) {
      panic(
        `${obituary(dead)}; its thread ${handle} '${commOf(td)}' waited to read under the rwlock at ${-wait}`,
      );
    }
    addA(m, -wait - 1, Sync.waiters, -1);
  } else if (wmesg !== undefined && COUNTED.has(wmesg)) {
    addA(m, -wait, Sync.waiters, -1);
    if (wmesg === 'barrier') {
      setPoisoned(-wait, true);
      wakeAll(identOf(-wait));
    }
  }
}
