/** Mutants of rings, doorbells and IPIs. */
import { HOLD_PUSH } from './delays.ts';
import type { Mutant } from './mutant.ts';

const RING = 'shared-memory/ring';
const BELL = 'shared-memory/doorbell';
const IPIQ = 'scheduler/ipiq';
const DRAIN = 'scheduler/ipiq-drain';

export const RING_MUTANTS: readonly Mutant[] = [
  {
    name: 'drain-not-reentrant',
    origin: 'D1',
    title: 'a record is taken only after its function has returned: a nested drain runs it again',
    setup: 'ipiq, small rings',
    quick: true,
    edits: [
      {
        file: DRAIN,
        find: 'source.taken = taken; source.slot = ringSlot(ring, taken); source.stamp = ringStamp(ring, taken);',
        replace: '',
      },
      {
        file: DRAIN,
        find: 'else runIpi(headFunc(head), arg0, arg1, arg2);',
        replace:
          'else runIpi(headFunc(head), arg0, arg1, arg2); source.taken = (source.taken + 1) | 0; source.slot = ringSlot(ring, source.taken); source.stamp = ringStamp(ring, source.taken);',
      },
    ],
  },
  {
    name: 'ring-one-too-many',
    origin: 'D19',
    title: 'the full test is off by one: the oldest record is overwritten',
    setup: 'ipiq, small rings',
    quick: true,
    edits: [
      {
        file: RING,
        find: 'if (((w - ld(m, base, RINDEX_SEEN)) | 0) >= size)',
        replace: 'if (((w - ld(m, base, RINDEX_SEEN)) | 0) > size)',
      },
    ],
  },
  {
    name: 'publish-before-fill',
    origin: 'D23',
    title: 'the head is stored before the arguments are filled in',
    setup: 'ipiq, slow writer',
    edits: [
      {
        file: RING,
        find: 'm[slot + 1] = arg0;',
        replace: `stA(m, slot, HEAD, ringStamp(ring, w) | func); ${HOLD_PUSH} m[slot + 1] = arg0;`,
      },
      {
        file: RING,
        find: `${HOLD_PUSH} st(m, base, WRITTEN, (w + 1) | 0); stA(m, slot, HEAD, ringStamp(ring, w) | func);`,
        replace: 'st(m, base, WRITTEN, (w + 1) | 0);',
      },
    ],
  },
  {
    name: 'room-told-early',
    origin: 'ring',
    title: 'room is told before the record has been read: it is overwritten under the reader',
    setup: 'ipiq, slow reader',
    edits: [
      {
        file: DRAIN,
        find: 'if (!isStamped(head, source.stamp)) break;',
        replace: 'if (!isStamped(head, source.stamp)) break; ringRelease(m, ring, (source.taken + 1) | 0);',
      },
    ],
  },
  {
    name: 'completion-before-return',
    origin: 'ring',
    title: 'an IPI is reported as completed when it is taken, not when its function has returned',
    setup: 'ipiq',
    edits: [
      {
        file: DRAIN,
        find: 'else runIpi(headFunc(head), arg0, arg1, arg2);',
        replace: 'else { ringComplete(m, ring, source.taken); runIpi(headFunc(head), arg0, arg1, arg2); }',
      },
    ],
  },
  {
    name: 'completion-passes-outer',
    origin: 'ring',
    title: 'a nested drain reports completion also of the functions that it runs inside of',
    setup: 'ipiq, small rings',
    edits: [
      {
        file: DRAIN,
        find: 'source.depth--; } publish(source, outermost);',
        replace: 'source.depth--; } publish(source, true);',
      },
    ],
  },
  {
    name: 'stash-dropped',
    origin: 'ring',
    title: 'records that a nested drain should set aside are dropped',
    setup: 'ipiq, small rings',
    edits: [
      // Sooner than from the ninth nested drain on, so that it comes up.
      { file: DRAIN, find: 'const STASH_DEPTH = 8;', replace: 'const STASH_DEPTH = 1;' },
      {
        file: DRAIN,
        find: 'source.stash.push(headFunc(head), arg0, arg1, arg2);',
        replace: 'source.stashHead = 0;',
      },
    ],
  },
  {
    name: 'waits-by-the-bell-alone',
    origin: 'ring',
    title:
      'who waits for room rings nobody, and drains only the rings whose doorbell bit is set: an outer drain has taken the bit',
    setup: 'ipiq, full rings',
    edits: [
      { file: IPIQ, find: 'processIpiq(ALL_SOURCES);', replace: '' },
      // Or who waits last is heard by one that waits already, and no circle closes.
      { file: IPIQ, find: 'ringIpi(dcpu); waitFor(ROOM', replace: 'waitFor(ROOM' },
    ],
  },
  {
    name: 'waits-without-draining',
    origin: 'ring',
    title: 'who waits for room or completion does not drain: two cpus wait for each other',
    setup: 'ipiq, small rings',
    edits: [
      {
        file: IPIQ,
        find: 'if (m[gd] !== 0 && bellPending(m, gd)) drainBell(); processIpiq(ALL_SOURCES);',
        replace: '',
      },
    ],
  },
  {
    name: 'counts-loops',
    origin: 'D21',
    title: 'a wait for an IPI is given up after so many loops, however short',
    setup: 'ipiq, 4 cpus in chaos',
    edits: [
      {
        file: IPIQ,
        find: "if (ms > sysctlValue('lwkt.ipiq_wait_panic_ms'))",
        replace: 'if (spins > spinLimit() + 5)',
      },
    ],
  },
  {
    name: 'sequence-before-push',
    origin: 'ring',
    title: 'the sequence number is read before the record is pushed: it is that of the one before',
    setup: 'ipiq',
    edits: [
      {
        file: IPIQ,
        find: 'if (!ringPush(m, ring, func, arg0, arg1, arg2)) { count(m, gd, IPIQ_FIFOFULL);',
        replace:
          'const before = ringSeq(m, ring); if (!ringPush(m, ring, func, arg0, arg1, arg2)) { count(m, gd, IPIQ_FIFOFULL);',
      },
      {
        file: IPIQ,
        find: 'const seq = ringSeq(m, ring); if (ringBellForIpi(',
        replace: 'const seq = before; if (ringBellForIpi(',
      },
    ],
  },
  {
    name: 'echo-before-completion',
    origin: 'ring',
    title: 'who waits for completion is woken before it is published',
    setup: 'ipiq, cpus that sleep',
    edits: [
      {
        file: DRAIN,
        find: 'source.depth--; } publish(source, outermost); if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes.splice(0));',
        replace:
          'source.depth--; } if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes.splice(0)); publish(source, outermost);',
      },
    ],
  },
  {
    name: 'self-ipi-outside-crit',
    origin: 'D24',
    title: 'an IPI to oneself runs outside any critical section',
    setup: 'ipiq',
    edits: [
      {
        file: 'scheduler/send-ipiq',
        find: 'critEnter(); try { cpu.intrNesting++;',
        replace: 'try { cpu.intrNesting++;',
      },
      {
        file: 'scheduler/send-ipiq',
        find: 'cpu.intrNesting--; critExit();',
        replace: 'cpu.intrNesting--;',
      },
    ],
  },
  {
    name: 'passive-forgotten',
    origin: 'ring',
    title: 'nobody looks for IPIs that were sent without ringing',
    setup: 'ipiq, passive alone',
    edits: [
      { file: 'scheduler/poll', find: 'lastTick = now; drainPassive();', replace: 'lastTick = now;' },
      {
        file: 'scheduler/idle',
        find: 'up.releaseTokens(); drainPassive();',
        replace: 'up.releaseTokens();',
      },
    ],
  },
  {
    name: 'no-recheck-before-park',
    origin: 'D26',
    title: 'a cpu that goes to sleep overwrites what was rung since it looked',
    setup: 'ipiq, cpus that sleep',
    edits: [
      {
        file: BELL,
        find: 'if (casA(m, bell, BELL, 0, BELL_ASLEEP) !== 0) return;',
        replace: 'xchgA(m, bell, BELL, BELL_ASLEEP);',
      },
    ],
  },
  {
    name: 'notify-before-store',
    origin: 'sleep',
    title: 'the sleeper is notified before the bit is set: it looks, sees nothing and sleeps again',
    setup: 'ipiq, cpus that sleep',
    edits: [
      {
        file: BELL,
        find: 'const old = orA(m, bell, BELL, bits);',
        replace: 'const old = ldA(m, bell, BELL); if ((old & BELL_ASLEEP) === 0) orA(m, bell, BELL, bits);',
      },
      {
        file: BELL,
        find: 'bell); return true;',
        replace: 'bell); orA(m, bell, BELL, bits); return true;',
      },
    ],
  },
  {
    name: 'bell-overwritten',
    origin: 'sleep',
    title: 'a ringer stores its bit instead of adding it: the bits of others are gone',
    setup: 'ipiq, heard',
    edits: [
      {
        file: BELL,
        find: 'const old = orA(m, bell, BELL, bits);',
        replace: 'const old = xchgA(m, bell, BELL, bits);',
      },
    ],
  },
  {
    name: 'bell-cleared-late',
    origin: 'sleep',
    title: 'the bell is cleared after the rings were drained: what was rung meanwhile is lost',
    setup: 'ipiq, heard',
    edits: [
      { file: 'scheduler/poll', find: 'const bits = answerBell(m, gd);', replace: 'const bits = m[gd];' },
      {
        file: 'scheduler/poll',
        find: 'if ((bits & (BELL_IPI | BELL_HOST | BELL_POLLING)) !== 0) processIpiq(bits);',
        replace:
          'if ((bits & (BELL_IPI | BELL_HOST | BELL_POLLING)) !== 0) processIpiq(bits); answerBell(m, gd);',
      },
    ],
  },
  {
    name: 'polling-taken-without-a-look',
    origin: 'sleep',
    title:
      'who takes POLLING off the bell does not look at the rings: what was sent without ringing waits for a tick',
    setup: 'ipiq, heard',
    edits: [
      {
        file: 'scheduler/poll',
        find: 'if ((bits & (BELL_IPI | BELL_HOST | BELL_POLLING)) !== 0) processIpiq(bits);',
        replace: 'if ((bits & (BELL_IPI | BELL_HOST)) !== 0) processIpiq(bits);',
      },
    ],
  },
];
