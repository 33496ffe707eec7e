/** What the type checker has to accept and to refuse in thread code. Never run: `npm run types` checks it. */
import {
  ipiFunc,
  join,
  kthread,
  lwktBlock,
  lwktGetToken,
  lwktRelToken,
  lwktSendIpiq,
  lwktSignal,
  lwktYield,
  shared,
  sleep,
  spawn,
  token,
  until,
  waitQueue,
  type Td,
} from 'lwkt/thread';

const none = kthread(function* none() {
  return 'text';
});
const one = kthread(function* one(path: string) {
  return path.length;
});
const two = kthread(function* two(n: number, list: readonly string[]) {
  return list[n];
});
const optional = kthread(function* optional(n?: number) {
  return n ?? 0;
});
const rest = kthread(function* rest(...files: string[]) {
  return files;
});

export function* good(): Generator<unknown, void, unknown> {
  const text: string = yield* join(spawn(none));
  const length: number = yield* join(
    spawn(one, ['path'], { cpu: 'any', priority: 5, name: 'x', detached: false }),
  );
  const item: string | undefined = yield* join(spawn(two, [1, ['a']]));
  yield* join(spawn(none, [], { cpu: 1 }));
  spawn(optional, []);
  spawn(optional, [1]);
  spawn(rest, ['a', 'b', 'c']);
  (yield* join(spawn(none))) satisfies string;
  (yield* until(Promise.resolve(5))) satisfies number;
  (yield* until(5)) satisfies number;
  (yield* until(Promise.resolve(Promise.resolve('x')))) satisfies string;
  (yield* lwktGetToken(token('a'))) satisfies number;
  (yield* lwktSignal(waitQueue('b'))) satisfies number;
  spawn(one, ['a']) satisfies Td<number>;
  void [text, length, item];
  const pair = shared.i32('pair', 2);
  pair[1] += 1;
  pair satisfies Int32Array;
  shared.i64('big', 1)[0] satisfies bigint;
}

export function regions(length: number): void {
  const pair = shared.i32('pair', 2);
  // @ts-expect-error there is no third element
  pair[2] satisfies number;
  // @ts-expect-error nobody knows whether it is there
  pair[length] satisfies number;
  // @ts-expect-error nobody knows how many there are
  shared.f64('some', length)[0] satisfies number;
  pair[length] satisfies number | undefined;
}

export function* bad(): Generator<unknown, void, unknown> {
  // @ts-expect-error the arguments are forgotten
  spawn(one);
  // @ts-expect-error one argument is forgotten
  spawn(two, [1]);
  // @ts-expect-error an argument of another type
  spawn(one, [5]);
  // @ts-expect-error an argument too many
  spawn(one, ['a', 'b']);
  // @ts-expect-error arguments for a function without
  spawn(none, [1]);
  // @ts-expect-error arguments that are not in an array
  spawn(one, 'path');
  // @ts-expect-error an unknown option
  spawn(none, [], { cpus: 1 });
  // @ts-expect-error no such place
  spawn(none, [], { cpu: 'all' });
  // @ts-expect-error a function that was not registered
  spawn(function* raw() {});
  // @ts-expect-error the result is a number
  const text: string = yield* join(spawn(one, ['a']));
  // @ts-expect-error the result is neither a text
  (yield* join(spawn(two, [1, ['a']]))) satisfies string;
  // @ts-expect-error without yield* it is no result
  const length: number = join(spawn(one, ['a']));
  // @ts-expect-error a token is no wait queue
  lwktSignal(token('a'));
  // @ts-expect-error a wait queue is no token
  lwktRelToken(waitQueue('b'));
  // @ts-expect-error the generation is forgotten
  lwktBlock(waitQueue('b'));
  // @ts-expect-error a time in words
  sleep('1s');
  // @ts-expect-error no generator function
  kthread(() => 1);
  // @ts-expect-error IPI functions take numbers
  ipiFunc((letters: string) => letters);
  // @ts-expect-error an IPI function has to be registered
  lwktSendIpiq(0, () => {});
  // @ts-expect-error a region needs its length
  shared.i32('totals');
  // @ts-expect-error an element is a bigint
  shared.i64('large', 1)[0] = 5;
  // @ts-expect-error no arguments
  lwktYield(1);
  void [text, length];
}
