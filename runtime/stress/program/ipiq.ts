/**
 * The suite `ipiq`: every IPI carries its source, its target, its kind and its sender in the first word, a number
 * that counts the IPIs of this kind from source to target in the second, and a checksum of both in the third.
 *
 * A number is taken and the record pushed without an interrupt point between, by threads only; what IPI functions
 * send has a kind of its own, since a full ring lets them run while a thread waits for room.
 */
import { nowNs } from '../../base/clock.ts';
import {
  ipiFunc,
  ipiqDone,
  kthread,
  lwktAwaitIpiq,
  lwktSendIpiq,
  lwktSendIpiqMask,
  lwktSendIpiqNowait,
  lwktSendIpiqPassive,
  lwktWaitIpiq,
  lwktYield,
  mycpu,
  ncpus,
  safepoint,
  shared,
} from '../../lwkt.ts';
import type { StressPlan } from '../plan.ts';
import { eventually } from './eventually.ts';
import {
  anyCpu,
  busted,
  busy,
  failed,
  stopped,
  torture,
  waited,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';
import { answerCalls, bindHeard, callOthers } from './ipiq-heard.ts';
import { critLevel } from './kernel-words.ts';

/** Sent by threads; sent by IPI functions in answer. */
const BY_THREAD = 0;
const BY_IPI = 1;
const KINDS = 2;

/** Counts of records: by source, target and kind, one writer each, a line for each source. */
let sent = new Int32Array(0);
/** The same as seen by the target; the lines are the targets'. */
let seen = new Int32Array(0);
/** For each thread: what it wrote before it sent, then for each cpu the number of the last IPI that ran there. */
let mail = new Int32Array(0);
let mailWords = 0;
let cpus = 0;

function bind(plan: StressPlan): void {
  if (cpus !== 0) return;
  cpus = plan.cpus;
  bindHeard(plan);
  mailWords = Math.ceil((1 + cpus) / 32) * 32;
  sent = shared.i32('lwkt.stress.ipi.sent', cpus * rowWords());
  seen = shared.i32('lwkt.stress.ipi.seen', cpus * rowWords());
  mail = shared.i32('lwkt.stress.ipi.mail', cpus * plan.threads * mailWords);
}

function rowWords(): number {
  return Math.ceil((cpus * KINDS) / 32) * 32;
}

function cell(row: number, column: number, kind: number): number {
  return row * rowWords() + column * KINDS + kind;
}

function head(source: number, target: number, kind: number, index: number): number {
  return source | (target << 6) | (kind << 12) | (index << 13);
}

function checksum(arg0: number, arg1: number): number {
  return Math.imul(arg0 ^ Math.imul(arg1, 0x9e37_79b1), 0x85eb_ca6b) ^ (arg1 >>> 7);
}

/** Takes the next number of a pair. */
function number(target: number, kind: number): number {
  const at = cell(mycpu(), target, kind);
  const n = ((sent[at] as number) + 1) | 0;
  sent[at] = n;
  return n;
}

/** IPI functions run in a critical section. */
function mustBeCritical(arg0: number, arg1: number): void {
  if (critLevel() === 0) failed('ipi-crit', 0, { head: arg0, number: arg1 });
}

/** Checks what every IPI says of itself. */
function check(arg0: number, arg1: number, arg2: number, kind: number): void {
  const me = mycpu();
  mustBeCritical(arg0, arg1);
  const source = arg0 & 63;
  const target = (arg0 >> 6) & 63;
  if (arg2 !== checksum(arg0, arg1) || ((arg0 >> 12) & 1) !== kind || source >= cpus) {
    failed('ipi-data', 0, { head: arg0, number: arg1, expectedWord: checksum(arg0, arg1), foundWord: arg2 });
    return;
  }
  if (target !== me) failed('ipi-target', 0, { source, target, onCpu: me });
  const at = cell(me, source, kind);
  const expected = ((seen[at] as number) + 1) | 0;
  if (kind === BY_IPI) {
    // Only counted: while one waits for room, another may go first.
    seen[at] = expected;
    return;
  }
  if (arg1 !== expected) failed('ipi-order', 0, { source, target: me, expected, found: arg1 });
  seen[at] = arg1;
  // Written before it was sent, so it is at least that far.
  const posted = sent[cell(source, me, kind)] as number;
  if (((posted - arg1) | 0) < 0)
    failed('ipi-memory-in', 0, { source, target: me, least: arg1, found: posted });
}

const plainIpi = ipiFunc(function stressIpi(arg0, arg1, arg2) {
  check(arg0, arg1, arg2, BY_THREAD);
});

/** The sender waits: what it wrote before must be here, and what is written here must be there after. */
const waitedIpi = ipiFunc(function stressWaited(arg0, arg1, arg2) {
  check(arg0, arg1, arg2, BY_THREAD);
  const base = (arg0 >>> 13) * mailWords;
  const letter = mail[base] as number;
  if (letter !== checksum(arg0 >>> 13, mail[base + 1 + (arg0 & 63)] as number) && !isBroadcast(letter)) {
    failed('ipi-memory-in', 0, { source: arg0 & 63, target: mycpu(), foundWord: letter });
  }
  // May wait for room and drain: what is completed meanwhile is not this one.
  if ((arg1 & 7) === 0 && (arg0 & 63) !== mycpu()) send(arg0 & 63, answerIpi, BY_IPI, arg0 >>> 13);
  mail[base + 1 + mycpu()] = arg1;
});

/** Broadcasts write a letter that says only that it is one. */
const BROADCAST = 0x0b0c_a570;

function isBroadcast(letter: number): boolean {
  return letter === BROADCAST;
}

/** Answers with an IPI to the source. */
const replyIpi = ipiFunc(function stressReply(arg0, arg1, arg2) {
  check(arg0, arg1, arg2, BY_THREAD);
  send(arg0 & 63, answerIpi, BY_IPI, arg0 >>> 13);
});

/** Sends on to a third cpu, whose ring may be full. */
const forwardIpi = ipiFunc(function stressForward(arg0, arg1, arg2) {
  check(arg0, arg1, arg2, BY_THREAD);
  if (cpus > 1) send((mycpu() + 1 + (arg1 % (cpus - 1))) % cpus, answerIpi, BY_IPI, arg0 >>> 13);
});

const answerIpi = ipiFunc(function stressAnswer(arg0, arg1, arg2) {
  check(arg0, arg1, arg2, BY_IPI);
});

type Ipi = typeof plainIpi;

/** Sends one; its sequence for the wait. */
function send(target: number, func: Ipi, kind: number, index: number): number {
  const me = mycpu();
  const arg0 = head(me, target, kind, index);
  const n = number(target, kind);
  return lwktSendIpiq(target, func, arg0, n, checksum(arg0, n));
}

/** Sends one if there is room in the ring. @returns whether there was */
function sendIfRoom(t: Torture, target: number, func: Ipi): boolean {
  const at = cell(mycpu(), target, BY_THREAD);
  const before = sent[at] as number;
  const arg0 = head(mycpu(), target, BY_THREAD, t.index);
  const n = number(target, BY_THREAD);
  if (lwktSendIpiqNowait(target, func, arg0, n, checksum(arg0, n)) !== undefined) return true;
  // Refused: the number was not used, and nothing could come between.
  sent[at] = before;
  return false;
}

/** Sends one that is wrong on purpose, if that is wanted. */
function sendWrong(t: Torture, target: number): void {
  const arg0 = head(mycpu(), target, BY_THREAD, t.index);
  if (busted(t, 'ipi-crit')) mustBeCritical(0, 0);
  if (busted(t, 'ipi-order')) number(target, BY_THREAD);
  if (busted(t, 'ipi-data')) lwktSendIpiq(target, plainIpi, arg0, 0, 0);
  if (busted(t, 'ipi-target')) {
    const wrong = head(mycpu(), (target + 1) & 63, BY_THREAD, t.index);
    lwktSendIpiq(target, plainIpi, wrong, 0, checksum(wrong, 0));
  }
}

/** Writes the letter of a thread, for `target` to read. */
function post(t: Torture, target: number): void {
  const base = t.index * mailWords;
  const stamp = t.next(0x7fff_ffff);
  // The source's own word tells the stamp; nobody else writes it while the thread waits.
  mail[base + 1 + mycpu()] = stamp;
  if (target !== mycpu()) mail[base + 1 + target] = 0;
  mail[base] = checksum(t.index, stamp);
}

/** After the wait: what the function wrote is here. */
function received(t: Torture, target: number, n: number): void {
  const found = mail[t.index * mailWords + 1 + target] as number;
  if (found !== n) failed('ipi-memory-out', t.line, { target, expected: n, found });
}

/** Sends to another cpu one IPI that is waited for; gives its number and its sequence. */
function sendWaited(t: Torture, target: number): { n: number; seq: number } {
  post(t, target);
  if (busted(t, 'ipi-memory-in')) mail[t.index * mailWords] = 0;
  const func = busted(t, 'ipi-memory-out') ? plainIpi : waitedIpi;
  const seq = send(target, func, BY_THREAD, t.index);
  return { n: sent[cell(mycpu(), target, BY_THREAD)] as number, seq };
}

/** Another cpu; this one if there is no other. */
function otherCpu(t: Torture): number {
  return ncpus() === 1 ? 0 : (mycpu() + 1 + t.next(ncpus() - 1)) % ncpus();
}

/** All cpus but this one. */
function allOthers(): number[] {
  return Array.from({ length: ncpus() }, (_, i) => i).filter((i) => i !== mycpu());
}

/** Some of them, each as likely as not. */
function someCpus(t: Torture): number[] {
  return allOthers().filter(() => t.next(2) === 0);
}

/** A mask send gives all the same words, so it is a row of single sends to the checks: one number for each pair. */
function sendMany(t: Torture, targets: readonly number[]): { target: number; seq: number; n: number }[] {
  mail[t.index * mailWords] = BROADCAST;
  return targets.map((target) => {
    const seq = send(target, waitedIpi, BY_THREAD, t.index);
    return { target, seq, n: sent[cell(mycpu(), target, BY_THREAD)] as number };
  });
}

/** What a mask send runs: counts only, and marks that it ran. */
const maskIpi = ipiFunc(function stressMask(index, stamp, sum) {
  if (sum !== checksum(index, stamp))
    failed('ipi-data', 0, {
      head: index,
      number: stamp,
      expectedWord: checksum(index, stamp),
      foundWord: sum,
    });
  else mail[index * mailWords + 1 + mycpu()] = stamp;
});

function sendMask(t: Torture, cpusOf: 'all' | 'others'): void {
  const stamp = t.next(0x7fff_ffff);
  const asked = busted(t, 'ipi-count') ? 'others' : cpusOf;
  const entries = lwktSendIpiqMask(asked, maskIpi, t.index, stamp, checksum(t.index, stamp));
  for (const { cpu, seq } of entries) {
    lwktWaitIpiq(cpu, seq);
    received(t, cpu, stamp);
  }
  const expected = cpusOf === 'all' ? ncpus() : ncpus() - 1;
  if (entries.length !== expected) failed('ipi-count', t.line, { expected, found: entries.length });
}

const BURST = 100;
/** Records that fill a small ring. */
const FILL = 4;
/** Full rings are left alone for up to so long. */
const MOST_FULL_US = 200;

const operations: Operations<'ipiq'> = {
  *send(t) {
    if (t.plan.busted !== '') sendWrong(t, otherCpu(t));
    send(anyCpu(t), plainIpi, BY_THREAD, t.index);
  },
  *wait(t) {
    const target = otherCpu(t);
    const from = nowNs();
    const { n, seq } = sendWaited(t, target);
    lwktWaitIpiq(target, seq);
    waited(t, from);
    if (!ipiqDone(target, seq)) failed('ipi-memory-out', t.line, { target, sequence: seq });
    received(t, target, n);
  },
  *nowait(t) {
    const target = otherCpu(t);
    sendIfRoom(t, target, plainIpi);
  },
  *passive(t) {
    const target = otherCpu(t);
    const arg0 = head(mycpu(), target, BY_THREAD, t.index);
    const n = number(target, BY_THREAD);
    const seq = lwktSendIpiqPassive(target, plainIpi, arg0, n, checksum(arg0, n));
    // A busy cpu looks by itself.
    if (t.next(4) === 0) while (!ipiqDone(target, seq) && !stopped()) yield* lwktYield();
  },
  *many(t) {
    for (const target of someCpus(t)) send(target, plainIpi, BY_THREAD, t.index);
  },
  *manyWait(t) {
    for (const { target, seq, n } of sendMany(t, someCpus(t))) {
      lwktWaitIpiq(target, seq);
      received(t, target, n);
    }
  },
  *allWait(t) {
    sendMask(t, t.next(2) === 0 ? 'all' : 'others');
  },
  *await(t) {
    const target = otherCpu(t);
    const from = nowNs();
    const { n, seq } = sendWaited(t, target);
    yield* lwktAwaitIpiq(target, seq);
    waited(t, from);
    received(t, target, n);
  },
  *burst(t) {
    const target = otherCpu(t);
    for (let i = 0; i < BURST; i++) {
      send(target, plainIpi, BY_THREAD, t.index);
      if (safepoint()) yield* lwktYield();
    }
  },
  /** Fills the rings to all others, with no interrupt point between, by what sends on to full rings in its turn. */
  *fill(t) {
    for (const target of allOthers()) {
      let room = FILL;
      while (room > 0 && sendIfRoom(t, target, forwardIpi)) room--;
    }
    // Others fill theirs meanwhile: then all of them drain what makes them wait for each other.
    busy(t.next(MOST_FULL_US) * 1000);
  },
  *answer(t) {
    answerCalls(t);
  },
  *heard(t) {
    yield* callOthers(t);
  },
  *reply(t) {
    send(otherCpu(t), replyIpi, BY_THREAD, t.index);
  },
};

/** Pairs whose counts differ. */
function* pairs(): Generator<[number, number, number], void> {
  for (let source = 0; source < cpus; source++) {
    for (let target = 0; target < cpus; target++) {
      for (let kind = 0; kind < KINDS; kind++) {
        if (sent[cell(source, target, kind)] !== seen[cell(target, source, kind)])
          yield [source, target, kind];
      }
    }
  }
}

export const ipiq: SuiteProgram = {
  body: kthread(
    function* stressIpiq(state) {
      return yield* torture('ipiq', state, operations);
    },
    { movable: true },
  ),
  bind,
  *finish(plan) {
    if (yield* eventually(plan, () => pairs().next().done === true)) return;
    for (const [source, target, kind] of pairs()) {
      failed('ipi-count', 0, {
        source,
        target,
        kind,
        sent: sent[cell(source, target, kind)] as number,
        ran: seen[cell(target, source, kind)] as number,
      });
    }
  },
};
