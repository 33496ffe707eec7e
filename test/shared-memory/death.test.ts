import test from 'ava';
import { heritage, markDead } from '../../runtime/shared-memory/death.ts';
import { testArena } from '../helpers/arena.ts';

test('death: what is to be done once is done by the eldest who lives', (t) => {
  const arena = testArena({ ncpus: 4 });
  markDead(arena, 2, 'for the test');
  t.deepEqual(heritage(arena, 0, 2), [2]);
  t.deepEqual(heritage(arena, 1, 2), []);
  t.deepEqual(heritage(arena, 3, 2), []);
});

test('death: when the eldest dies, the next one does what that may have left undone', (t) => {
  const arena = testArena({ ncpus: 4 });
  markDead(arena, 2, 'for the test');
  markDead(arena, 0, 'for the test');
  t.deepEqual(heritage(arena, 1, 0), [0, 2]);
  t.deepEqual(heritage(arena, 3, 0), []);
  // Cpu 0 may have died before it came to this one.
  t.deepEqual(heritage(arena, 1, 2), [2]);
});
