/**
 * Do the tests of the seed's functions fail when the functions are wrong? Breaks one line at a time in a copy of the
 * checkout and runs the test that must notice.
 *
 *   node test/slow/mutants.ts [NAME | PIECE/PIECES]
 *
 * The one of that name, or a piece of the list (1/4 .. 4/4), so that several processes share it. Prints a line for each: caught, or SURVIVED. Ends with 1 when one survived or no longer applies.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** One wrong line: the seed's function, the file, what stands there, what would be wrong, the test that must fail. */
type Mutant = readonly [name: string, file: string, right: string, wrong: string, test: string];

const S = 'scheduler';

const MUTANTS: readonly Mutant[] = [
  ['_lwkt_dequeue', 'runqueue', 'flags & ~TDF_RUNQ);\n  tailqRemove', 'flags);\n  tailqRemove', 'runqueue'],
  ['_lwkt_enqueue', 'runqueue', 'if ((flags & TDF_RUNQ) !== 0) return;\n  const nq', 'const nq', 'runqueue'],
  [
    '_lwkt_wantresched',
    'schedule',
    '& TDPRI_MASK)) cpu.resched = true;',
    '& TDPRI_MASK)) cpu.resched = false;',
    'switch',
  ],
  ['lwkt_alloc_thread', 'thread', '~TDF_EXITED) !== 0) {', '~TDF_EXITED) === -1) {', 'refs'],
  [
    'lwkt_set_comm',
    'thread',
    "setComm(refOf(handle, 'lwktSetComm()'), comm);",
    "refOf(handle, 'lwktSetComm()');",
    'schedule',
  ],
  ['lwkt_hold', 'refs', 'addA(m, td, TD_REFS, 1);', 'addA(m, td, TD_REFS, 0);', 'refs'],
  ['lwkt_rele', 'refs', 'if (waiter !== 0) wakeHandle(waiter);\n}', '}', 'refs'],
  [
    'lwkt_wait_free',
    'refs',
    'if (held && (refs & REFS_LOST) === 0) return',
    'if (refs === -1) return',
    'refs',
  ],
  [
    'lwkt_free_thread',
    'thread',
    '(ld(m, td, TD_FLAGS) & TDF_EXITED) === 0',
    '(ld(m, td, TD_FLAGS) & TDF_EXITED) === -1',
    'refs',
  ],
  [
    'lwkt_switch: release hook',
    'switch',
    '(flags & TDF_RELEASE) !== 0 && !preempting',
    '(flags & TDF_RELEASE) !== 0',
    'refs',
  ],
  [
    'lwkt_switch: MP lock',
    'mplock-owner',
    'if (!cpuWantMplock()) td = firstWithout(nq);',
    'cpuWantMplock();',
    'mplock',
  ],
  [
    'lwkt_preempt: critical section',
    'preempt',
    '(ld(m, td, TD_PRI) & ~TDPRI_MASK) > critpri ||',
    '',
    'preempt',
  ],
  [
    'lwkt_preempt: inherits',
    'preempt',
    'ld(m, ntd, TD_MPCOUNT) + savecnt',
    'ld(m, ntd, TD_MPCOUNT)',
    'preempt',
  ],
  [
    'lwkt_preempt: D14',
    'preempt',
    'needResched();\n    return refused(MISS);\n  }\n  return preempt(td, ntd);',
    'needResched();\n    return refused(HIT);\n  }\n  return preempt(td, ntd);',
    'preempt',
  ],
  ['lwkt_preempt: D5', 'preempt', 'if (!pending.includes(td)) pending.push(td);', '', 'preempt'],
  [
    'lwkt_preempted_proc',
    'preempt',
    'while (ld(m, td, TD_PREEMPTED) !== 0) td = ld(m, td, TD_PREEMPTED);',
    '',
    'preempt',
  ],
  [
    'lwkt_yield_quick',
    'untimely',
    '(m[gd] !== 0 || pri < cpu.reqpri)) splz();\n    if (!cpu.untimely',
    'false) splz();\n    if (cpu.untimely',
    'schedule',
  ],
  ['lwkt_yield', 'switch', 'moveToTail(cpu.curthread);\n    return BLOCKED;', 'return BLOCKED;', 'switch'],
  [
    'lwkt_schedule_self',
    'schedule',
    "const td = requireNotWaiting('lwkt_schedule_self()');\n  enqueue(td);",
    "const td = requireNotWaiting('lwkt_schedule_self()');",
    'switch',
  ],
  [
    'lwkt_schedule: SCHED PANIC',
    'schedule',
    "checkProc(refOf(handle, 'lwktSchedule()'));",
    "refOf(handle, 'lwktSchedule()');",
    'schedule',
  ],
  ['lwkt_acquire', 'move', 'requests.get(td)?.who !== who', 'requests.get(td)?.who === who', 'move'],
  ['lwkt_deschedule', 'schedule', '  stop(td);\n  // If it runs', '  // If it runs', 'schedule'],
  ['lwkt_setpri', 'schedule', '(ld(m, td, TD_PRI) & ~TDPRI_MASK) | priority', 'priority', 'schedule'],
  ['lwkt_block: generation', 'wait', 'if (now !== gen) {', 'if (now === -1) {', 'wait'],
  ['lwkt_block: loops', 'wait', 'while (!state.over && inTime()) yield* once(w);', 'yield* once(w);', 'wait'],
  [
    'lwkt_signal',
    'wait-queue',
    'const gen = (ld(m, w, W_GEN) + 1) | 0;',
    'const gen = ld(m, w, W_GEN);',
    'wait',
  ],
  [
    'lwkt_gettoken_remote',
    'token-owner',
    'stA(m, tok, T_OWNER, -(next + 1)); // A2',
    'stA(m, tok, T_OWNER, next + 1); // A2',
    'token',
  ],
  [
    'lwkt_gettoken',
    'token',
    'if (!isOwner(tok) || (ld(cpu.m, tok, T_HOLDER) & 1) !== 0) return false;\n  mark',
    'if (!isOwner(tok)) return false;\n  mark',
    'token',
  ],
  [
    'lwkt_trytoken',
    'token',
    '!isMine(tok)) return false;\n  push(tok);',
    '!isMine(tok)) {\n    push(tok);\n    return false;\n  }\n  push(tok);',
    'token',
  ],
  [
    'lwkt_reltoken',
    'token',
    '  critExit();\n}\n\nfunction refuseRelease',
    '}\n\nfunction refuseRelease',
    'token',
  ],
  ['lwkt_gentoken', 'token', 'return now === gen ? 0 : now;', 'return now;', 'token'],
  [
    'lwkt_regettoken',
    'token',
    'if (fresh || ld(m, tok, T_HOLDER) !== curthread) st(m, tok, T_GEN',
    'if (fresh) st(m, tok, T_GEN',
    'token',
  ],
  ['lwkt_create', 'create', 'st(cpu.m, td, TD_MPCOUNT, 1);', '', 'mplock'],
  [
    'lwkt_exit',
    'exit',
    'return stack.return(undefined);',
    'return { done: true, value: undefined };',
    'kill',
  ],
  ['crit_panic', 'crit', 'if (pri < 0) critPanic(pri);', '', 'crit'],
  ['lwkt_send_ipiq: mask', 'send-ipiq', "if (cpus === 'others') set.delete(cpu.id);", '', 'send-ipiq'],
  ['lwkt_wait_ipiq', 'ipiq', "if (ms > sysctlValue('lwkt.ipiq_wait_panic_ms'))", 'if (ms < 0)', 'ipiq-wait'],
  ['lwkt_process_ipiq', 'ipiq-drain', 'source.taken = taken;\n', '', 'ipiq'],
  [
    'tsleep interlock',
    'tsleep',
    'argInterlocked && known?.ident === argIdent ? known : undefined',
    'undefined',
    'tsleep',
  ],
  [
    'wakeup: mask',
    'tsleep',
    'if (dcpu !== id && mayHave(slot, dcpu)) sendIpi',
    'if (dcpu !== id && !mayHave(slot, dcpu)) sendIpi',
    'tsleep',
  ],
  ['mutex: hand over', 'mutex', 'if (next !== 0 && handOver(mu)) return;', '', 'sync'],
  ['mutex: poison', 'mutex', 'unhold(mu, td);\n  setPoisoned(mu, true);', 'unhold(mu, td);', 'sync'],
  ['semaphore: passes on', 'waiting', 'if (!got && left !== 0) wakeFirst(ident); // I2', '', 'sync'],
  ['condition: locks again', 'condition', 'yield* relock(mu);', '', 'sync'],
  ['barrier: round', 'barrier', '((round + 1) << 16) | 0', '0', 'sync'],
  ['once: failure', 'once', 'finished ? ONCE_DONE : ONCE_NOT', 'ONCE_DONE', 'sync'],
  ['rwlock: phase', 'rwlock', 'const invited = invite(rw);', 'const invited = 0;', 'sync'],
  [
    'join: dying descriptor',
    '../shared-memory/descriptor',
    'st(arena.m, td, TD_FLAGS, TDF_EXITED);',
    'st(arena.m, td, TD_FLAGS, 0);',
    'create',
  ],
  ['kill: waiting thread', 'kill', 'setRunnable(td);', '', 'kill'],
  [
    'echo before completion',
    'ipiq-drain',
    '  publish(source, outermost);\n  if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes.splice(0));',
    '  if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes.splice(0));\n  publish(source, outermost);',
    'send-ipiq',
  ],
  ['lwkt_gdinit', 'runqueue', 'm[gd + GD_TDRUNQ + i] = 0;', '', 'runqueue'],
  ['lwkt_init_wait', 'named', "'wait queue', 1, Wait.WORDS", "'wait queue', 1, Token.WORDS", 'wait'],
  [
    'lwkt_init_thread',
    '../shared-memory/descriptor',
    'st(m, td, TD_MPCOUNT, 0);',
    '',
    '../shared-memory/slab',
  ],
  ['lwkt_schedule', 'schedule', 'if (td !== 0) setRunnable(td);', '', 'schedule'],
  [
    'lwkt_deschedule_self',
    'schedule',
    "stop(requireNotWaiting('lwkt_deschedule_self()'));",
    "requireNotWaiting('lwkt_deschedule_self()');",
    'schedule',
  ],
  ['lwkt_setpri_self', 'schedule', 'lwktSetPri(handleOf(cpu.curthread), priority);', '', 'schedule'],
  [
    'lwkt_inittoken',
    'named',
    "find('token()', name, 'token'",
    "find('token()', `${name}${Math.random()}`, 'token'",
    'token',
  ],
  ['kthread_create', 'create', 'name === undefined ? NO_OPTIONS : { name }', 'NO_OPTIONS', 'mplock'],
  ['kthread_exit', 'exit', "arm('kthreadExit()');\n  return exitIterator;", 'return [] as never;', 'kill'],
  [
    'lwkt_send_ipiq, lwkt_wait_ipiq: one processor',
    'send-ipiq',
    'if (dcpu >>> 0 === dcpu && dcpu < cpu.ncpus) return;',
    'if (dcpu !== -2) return;',
    'send-ipiq',
  ],
  [
    'interrupt thread while idle',
    'preempt',
    'needResched();\n    return;\n  }\n  if (cpu.intrNesting',
    'return;\n  }\n  if (cpu.intrNesting',
    'idle-interrupt',
  ],
  ['kill: of a running thread', 'kill', '  enqueue(td);\n', '', 'kill-running'],
  ['kill: no move', 'move', 'if ((flags & TDF_KILLED) !== 0) return BLOCKED;', '', 'kill-running'],
  [
    'kill: no deschedule',
    'schedule',
    'if ((flags & (TDF_EXITING | TDF_KILLED)) !== 0) return;',
    '',
    'sleep-edges',
  ],
  [
    'wakeup: a snapshot',
    'tsleep',
    'if (sleeper.woken || sleeper.life !== life || sleepers.get(sleeper.td) !== sleeper) continue;',
    '',
    'sleep-edges',
  ],
  ['rouse: the number', 'tsleep', 'sleeper?.ident !== ident', 'sleeper === undefined', 'sleep-edges'],
  [
    'condition: locks again though killed',
    'condition',
    'const begun = beginCleanup();',
    'const begun = -1;',
    'sleep-edges',
  ],
  ['move: no sleeper stays behind', 'move', 'dropSleeper(td);\n', '', 'sleep-edges'],
  [
    'wait: withdrawn before it came',
    'wait-queue',
    'if (on === asked(seq)) st(m, td, TD_WAIT_ON, WITHDRAWN);\n    else if',
    'if',
    'wait-edges',
  ],
  ['wait: withdrawn late', 'wait-queue', ' && ld(m, td, TD_WAIT_SEQ) === seq', '', 'wait-edges'],
  ['wait: the signal of a killed thread', 'wait', 'if (signalled) signalHandler(w, 0, 1);', '', 'wait-edges'],
  ['token: put off and gone', 'token-owner', 'runIpi(func, tok, arg1, arg2);', 'void runIpi;', 'wait-edges'],
  [
    'exit: not started',
    'exit',
    '  if (holdsSync(td)) abandonSync(td);\n',
    '  stacks[slotOf(td)] = null;\n  if (holdsSync(td)) abandonSync(td);\n',
    'exit-edges',
  ],
  ['exit: refuses last', 'exit', '  refuse?.();\n', '', 'exit-edges'],
  [
    'join: a joiner that is gone',
    'exit',
    'return joiner < 0 || tryRefOf(joiner) !== 0;',
    'return joiner !== 0;',
    'exit-edges',
  ],
  [
    'join: taken',
    'exit',
    '  st(m, td, TD_JOINER, TAKEN);\n  unlinkThread(td);',
    '  unlinkThread(td);',
    'exit-edges',
  ],
  ['join: the first answer', 'join', 'if (locals[slot] !== JOINED) locals', 'locals', 'exit-edges'],
  [
    'balance: asked meanwhile',
    'balance',
    'ldA(m, td, TD_CPU) === cpu.id && isSpare(td) && ',
    '',
    'exit-edges',
  ],
  [
    'refs: the mark of another life',
    'refs',
    'casA(cpu.m, slotRef(handle), TD_REFS_WAITER, handleOf(cpu.curthread), 0);',
    '',
    'refs-edges',
  ],
  [
    'refs: the host',
    '../machine/host-corner',
    'if (keptForHolders(this.#arena.m, td)) return;',
    '',
    'refs-edges',
  ],
  [
    'bell: POLLING taken off without a look at the rings',
    'poll',
    '(BELL_IPI | BELL_HOST | BELL_POLLING)',
    '(BELL_IPI | BELL_HOST)',
    'idle',
  ],
  [
    'token-mutex: hand over',
    'token-mutex',
    'if (next !== 0 && casA(m, tok, T_NEXT, next, 0) === next) {',
    'if (next === -1) {',
    'token-mutex',
  ],
  [
    'token-mutex: request before the try',
    'token-mutex',
    'orA(m, tok, myWord(), 1 << (id & 31)); // A1',
    '',
    'token-mutex',
  ],
  [
    'token-mutex: plain words before the release',
    'token',
    'm[tok + T_HOLDER] = curthread;\n    if (isWanted(tok) || isMutexToken(tok)) offer(tok);',
    'if (isWanted(tok) || isMutexToken(tok)) offer(tok);\n    m[tok + T_HOLDER] = curthread;',
    'token-mutex',
  ],
  [
    'room: not announced',
    '../shared-memory/ring',
    '  ringWant(m, ring);\n  return ringPush',
    '  return ringPush',
    'ipiq-room',
  ],
  [
    'room: announced behind the last look',
    '../shared-memory/ring',
    '  ringWant(m, ring);\n  return ringPush(m, ring, func, arg0, arg1, arg2);',
    '  const pushed = ringPush(m, ring, func, arg0, arg1, arg2);\n  if (!pushed) ringWant(m, ring);\n  return pushed;',
    'ipiq-room',
  ],
  [
    'room: passive, behind the look',
    'ipiq',
    'arg2)) return true;\n      ringIpi(dcpu);\n      return false;',
    'arg2)) return true;\n      return false;',
    'ipiq-room',
  ],
  [
    'room: passive, no room for the echo',
    'ipiq',
    '// Also without an echo: what fills the ring may be passive.\n    ringIpi(dcpu);',
    'if (echoed) ringIpi(dcpu);',
    'ipiq-room',
  ],
  [
    'room: nobody is told',
    'ipiq-drain',
    'if (ringRelease(m, ring, source.taken)) tellRoom(source.corner);',
    'ringRelease(m, ring, source.taken);',
    'ipiq-room',
  ],
  [
    'room: looked before it is made',
    '../shared-memory/ring',
    'stA(m, ring.base, RINDEX, index); // A2, B3\n  if (ldA(m, ring.base, WANTED) === 0) return false;',
    'const wanted = ldA(m, ring.base, WANTED);\n  stA(m, ring.base, RINDEX, index);\n  if (wanted === 0) return false;',
    'ipiq-room',
  ],
  [
    'ipiq: nesting',
    'ipiq-drain',
    'if (keep) stashed = true;\n      else runStash(source);',
    'runStash(source);',
    'ipiq-nesting',
  ],
  ['ipiq: set aside for ever', 'ipiq-drain', 'if (stashed) processIpiq(0);', '', 'ipiq-nesting'],
  ['barrier: 65,536 rounds', 'barrier', ' || ((ldA(m, b, S_NEXT) - rounds) | 0) > MAXCPU', '', 'sync'],
  ['kill: lost with a cpu', 'survive', '  killAgain();\n', '', 'survive'],
  [
    'schedule: lost with a cpu, unread',
    'ipiq',
    'if (func === IPI.schedule) unheard',
    'if (func < 0) unheard',
    'survive',
  ],
  [
    'schedule: lost with a cpu, late',
    'ipiq',
    'if (func === IPI.schedule && isDead(dcpu))',
    'if (func < 0)',
    'survive',
  ],
  [
    'schedule: again what ran',
    '../shared-memory/ring',
    'ldA(m, ring.base, XINDEX)) | 0, ring.size);',
    'ldA(m, ring.base, XINDEX)) | 1, ring.size);',
    'survive',
  ],
  [
    'deschedule: gives way',
    'runqueue',
    'if ((flags & TDF_STOPREQ) !== 0) {',
    'if (flags === 0) {',
    'schedule',
  ],
  [
    'deschedule: runs alone',
    'schedule',
    'if (td === cpu.curthread || (flags & TDF_PREEMPT_LOCK) !== 0)',
    'if (flags === -1)',
    'schedule',
  ],
  [
    'deschedule: crossed by schedule',
    'schedule',
    '  st(m, td, TD_FLAGS, flags | TDF_STOPREQ);\n  stop(td);',
    '  stop(td);\n  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) | TDF_STOPREQ);',
    'token-stop',
  ],
  [
    'deschedule: exits',
    'schedule',
    '(flags & (TDF_EXITING | TDF_KILLED)) !== 0',
    '(flags & TDF_KILLED) !== 0',
    'schedule',
  ],
  [
    'deschedule: then exits',
    'exit',
    '(flags & ~TDF_STOPREQ) | TDF_EXITING',
    'flags | TDF_EXITING',
    'schedule',
  ],
  [
    'chaos: of a stopped thread',
    'untimely',
    '(ld(cpu.m, cpu.curthread, TD_FLAGS) & TDF_RUNQ) === 0',
    'cpu.halted',
    'schedule',
  ],
  [
    'refs: doubted twice',
    'refs',
    'ld(m, gd, GD_REFS_DOUBTED) === 0',
    'ld(m, gd, GD_REFS_DOUBTED) !== -1',
    'survive',
  ],
  ['deschedule: for good', 'runqueue', '(flags & ~TDF_STOPREQ) | TDF_RUNQ', 'flags | TDF_RUNQ', 'schedule'],
  [
    'kill: stopped in a clean-up',
    'kill',
    '(flags & ~TDF_STOPREQ) | TDF_KILLED',
    'flags | TDF_KILLED',
    'kill-running',
  ],
  ['kill: told by a safepoint', 'poll', '(flags & TDF_TOLD) !== 0', 'flags !== 0', 'kill'],
  ['kill: never thrown', 'poll', 'if ((flags & TDF_TOLD) !== 0) throw', 'if (flags === 0) throw', 'kill'],
  ['refs: lost with a cpu', 'refs', 'if (held) throw refsLost(handle);', '', 'survive'],
  [
    'refs: waiters of lost ones',
    'refs',
    'if (waiter !== 0) wakeHandle(waiter);\n  }\n  st(',
    '}\n  st(',
    'survive',
  ],
  ['refs: doubt for ever', 'refs', 'casA(m, td, TD_REFS, REFS_LOST, 0);', ';', 'survive'],
  ['move: killed on its way', 'exit', 'if ((flags & TDF_GOES_ON) !== 0) {', 'if (flags === -1) {', 'move'],
  ['token: stopped when woken', 'schedule', 'else if (couldRun) wokenStopped(td);', '', 'token-stop'],
  ['token: stopped, no owner', 'token-stop', 'if (giveUpMutexToken(tok, td)) ', '', 'token-stop'],
  ['token: stopped, looking', 'token-stop', 'if (!isWaiter(tok, td)) return;', '', 'token-stop'],
  ['kill: in a clean-up', 'kill', '(TDF_CLEANING | TDF_EXITING)', '(TDF_EXITING | 0)', 'sync'],
  [
    'move: killed later',
    'create',
    'st(m, td, TD_FLAGS, flags & ~TDF_GOES_ON);',
    'st(m, td, TD_FLAGS, flags);',
    'move',
  ],
  ['token: stopped, handed over', 'token-stop', 'passOn(tok);', '', 'token-stop'],
  [
    'condition: its life',
    'tsleep',
    'sleeper.woken || sleeper.life !== life ||',
    'sleeper.woken ||',
    'sleep-edges',
  ],
  ['signal: killed, its answer', 'wait', 'if (!state.over) yield* untilOver(w, state);', '', 'wait-edges'],
  ['condition: not signalled', 'condition', '!finished && sleep.woken &&', '!finished &&', 'sync'],
  ['condition: rouse', 'tsleep', '|| sleeper.life !== 0) return;', ') return;', 'sleep-edges'],
  ['deadlock: depth', '../observe/deadlock', 'depth > 0 && looks > 0', 'looks > 0', '../host/waits'],
  ['deadlock: looks', '../observe/deadlock', 'depth > 0 && looks > 0', 'depth > 0', '../host/waits'],
  ['deadlock: which wait', '../observe/deadlock', '>${target}:${number}', '>${target}', '../host/waits'],
  [
    'deadlock: completed',
    '../observe/view',
    '!ringCompleted(m, ringOf(map, cpu, target), seq)',
    'true',
    '../host/waits',
  ],
  [
    'watchdog: in vain',
    '../machine/watchdog',
    'const LOOKS_IN_VAIN = 2;',
    'const LOOKS_IN_VAIN = 0;',
    '../host/waits',
  ],
  ['watchdog: once', '../machine/watchdog', 'if (tell()) told.add(key);', 'tell();', '../host/waits'],
  [
    'watchdog: twice',
    '../machine/watchdog',
    'suspects = seen;',
    'for (const [key, marks] of seen) suspects.set(key, marks);',
    '../host/waits',
  ],
  ['asleep: timers', '../observe/view', 'ld(m, gd, Globaldata.parkTimed) === 0 &&', '', '../host/waits'],
  ['asleep: promises', '../observe/view', '&& ld(m, gd, Globaldata.promises) === 0', '', '../host/waits'],
  ['asleep: rings', '../observe/asleep', 'rings.length !== 0 ||', '', '../host/waits'],
  [
    'asleep: threads',
    '../observe/asleep',
    "living.some((thread) => thread.state !== 'wait')",
    'false',
    '../host/waits',
  ],
  ['untimely: off', 'untimely', 'return draw() % one === 0;', 'return false;', 'schedule'],
  ['balance: half', 'balance', 'Math.min(MOST_GIVEN, nrun >> 1)', 'Math.min(MOST_GIVEN, nrun)', 'move'],
  [
    'idle: what is owed goes at once',
    'token-owner',
    'if (owed.size === 0) return false;',
    'if (owed.size >= 0) return false;',
    'token-idle',
  ],
];

const copy = mkdtempSync(join(tmpdir(), 'lwkt-mutants-'));
for (const folder of ['runtime', 'test', 'toolchain'])
  cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
for (const file of ['package.json', 'tsconfig.json', 'ava.config.js'])
  cpSync(join(ROOT, file), join(copy, file));
symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));

function passes(test: string): boolean {
  try {
    execFileSync(
      process.execPath,
      [join(ROOT, 'node_modules/ava/entrypoints/cli.js'), `test/${S}/${test}.test.ts`],
      { cwd: copy, stdio: 'ignore', timeout: 20_000 },
    );
    return true;
  } catch {
    return false;
  }
}

/** Whether the tests notice. */
function verdictOn([, file, right, wrong, test]: Mutant): string {
  const path = join(copy, 'runtime', S, `${file}.ts`);
  const text = readFileSync(path, 'utf8');
  if (text.split(right).length !== 2) return 'does not apply';
  writeFileSync(
    path,
    text.replace(right, () => wrong),
  );
  try {
    return passes(test) ? 'SURVIVED' : 'caught';
  } finally {
    writeFileSync(path, text);
  }
}

const [, , only] = process.argv;
const [, piece, pieces] = /^(\d+)\/(\d+)$/u.exec(only ?? '') ?? [];
const chosen = MUTANTS.filter(([name], i) =>
  piece === undefined ? only === undefined || name === only : i % Number(pieces) === Number(piece) - 1,
);
if (chosen.length === 0) throw new Error(`no mutant is named ${String(only)}`);
let bad = 0;
try {
  for (const file of new Set(chosen.map(([, , , , test]) => test))) {
    if (!passes(file)) throw new Error(`${file}.test.ts fails as it is`);
  }
  for (const mutant of chosen) {
    const [name, file, , , test] = mutant;
    const verdict = verdictOn(mutant);
    if (verdict !== 'caught') bad++;
    console.log(`${verdict.padEnd(14)} ${name.padEnd(32)} ${file}.ts by ${S}/${test}.test.ts`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(bad === 0 ? `all ${chosen.length} caught` : `${bad} of ${chosen.length} not caught`);
process.exitCode = bad === 0 ? 0 : 1;
