import test from 'ava';
import { unexplained } from '../../runtime/bench/ipi/post-mortem.ts';
import { eventKind, Trace, TRACE_WORDS, type TraceEvent } from '../../runtime/bench/plan/trace.ts';

const event = (at: number, name: TraceEvent['name'], value = 0): TraceEvent => ({ at, name, value });

test('post mortem: a gap after the last event is told', (t) => {
  t.is(unexplained([event(0, 'safepoint'), event(1000, 'allocates', 500)], [], 9000), 8000);
});

test('post mortem: what a cpu said it would do is no gap, what is beyond it is', (t) => {
  t.is(unexplained([event(0, 'computes', 10_000)], [], 9000), 0);
  t.is(unexplained([event(0, 'critical section', 5000)], [], 9000), 4000);
});

test('post mortem: a collection of garbage explains it, one that ended before does not', (t) => {
  const events = [event(1000, 'allocates', 500)];
  t.is(unexplained(events, [{ kind: 'minor', at: 2000, ns: 6000 }], 9000), 0);
  t.is(unexplained(events, [{ kind: 'minor', at: 100, ns: 500 }], 9000), 8000);
});

test('post mortem: what came after does not count, and of nothing nothing is said', (t) => {
  t.is(unexplained([event(1000, 'safepoint'), event(9500, 'safepoint')], [], 9000), 8000);
  t.is(unexplained([], [], 9000), 0);
});

test('trace: the last events are kept, oldest first', (t) => {
  const m = new Int32Array(new SharedArrayBuffer(4 * TRACE_WORDS));
  const trace = new Trace(m, 0);
  t.deepEqual(trace.read(), []);
  for (let i = 0; i < 300; i++) trace.note(i, eventKind('ran'), 2 * i);
  const kept = trace.read();
  t.is(kept.length, 128);
  t.deepEqual(kept[0], event(172, 'ran', 344));
  t.deepEqual(kept.at(-1), event(299, 'ran', 598));
});
