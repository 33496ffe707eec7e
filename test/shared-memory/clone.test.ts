import { inspect } from 'node:util';
import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import type { Arena } from '../../runtime/shared-memory/arena.ts';
import { LwktError } from '../../runtime/base/errors.ts';
import { cloneFromMessage, cloneToMessage } from '../../runtime/shared-memory/clone.ts';
import { errorIn, errorOut } from '../../runtime/shared-memory/thrown.ts';
import {
  argumentsToMessage,
  dropValue,
  isPlainValue,
  stMessageArguments,
  stPlainValue,
  takeInts,
  takeValue,
  tryStArguments,
  VALUE_INTS,
  VALUE_MESSAGE,
  VALUE_NONE,
  VALUE_NUMBERS,
} from '../../runtime/shared-memory/value.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { symbol } from '../../runtime/shared-memory/symbols.ts';
import { testArena } from '../helpers/arena.ts';
import { thrownBy } from '../helpers/eventually.ts';

function roundTrip(arena: Arena, value: unknown): unknown {
  const back = cloneFromMessage(arena, 1, cloneToMessage(arena, 0, value));
  if (arena.m[Machine.messageUsed] !== 0) throw new Error('the message was not freed');
  return back;
}

const cycle: Record<string, unknown> = { name: 'cycle' };
cycle['self'] = cycle;

const VALUES: readonly unknown[] = [
  'text',
  '',
  'größer € 😀 \0',
  12n,
  -(2n ** 100n),
  [1, 'two', [3]],
  { a: 1, b: { c: [undefined, null, NaN, -0, Infinity] } },
  new Date(1_700_000_000_000),
  new Map<unknown, unknown>([
    ['a', 1],
    [{ key: true }, new Set([1])],
  ]),
  new Set(['a', 2]),
  /ab+c/gi,
  new Array(5),
  new String('boxed'),
  Uint8Array.of(1, 2, 3).buffer,
  cycle,
];

for (const value of VALUES) {
  test(`clone: ${inspect(value, { breakLength: Infinity }).slice(0, 60)} comes back equal, not the same`, (t) => {
    const back = roundTrip(testArena(), value);
    t.deepEqual(back, value);
    if (typeof value === 'object') t.not(back, value);
  });
}

const VIEWS: readonly ArrayBufferView[] = [
  Int8Array.of(-1, 2),
  Uint8Array.of(1, 255),
  Uint8ClampedArray.of(1, 255),
  Int16Array.of(-1, 2),
  Uint16Array.of(1, 65_535),
  Int32Array.of(-1, 2),
  Uint32Array.of(1, 2 ** 32 - 1),
  Float32Array.of(1.5, NaN),
  Float64Array.of(1.1, -0),
  BigInt64Array.of(-1n, 2n),
  BigUint64Array.of(1n, 2n ** 64n - 1n),
  new Float16Array([1.5, -2]),
  new DataView(Uint8Array.of(9, 1, 2, 3, 9).buffer, 1, 3),
  Buffer.from('bytes'),
  new Int32Array(0),
  new Float64Array(new ArrayBuffer(64), 16, 3),
];

for (const view of VIEWS) {
  test(`clone: ${view.constructor.name} of ${view.byteLength} bytes keeps type and content, not the memory`, (t) => {
    const back = roundTrip(testArena(), { view }) as { view: ArrayBufferView };
    t.deepEqual(back.view, view);
    t.is(Object.getPrototypeOf(back.view), Object.getPrototypeOf(view));
    t.not(back.view.buffer, view.buffer);
    t.is(back.view.byteLength, view.byteLength);
  });
}

test('clone: one view in two places stays one view', (t) => {
  const view = Uint8Array.of(1, 2);
  const back = roundTrip(testArena(), [view, view]) as Uint8Array[];
  t.is(back[0], back[1]);
});

for (const make of [
  (buffer: ArrayBufferLike, at: number) => new Int32Array(buffer, at, 4),
  (buffer: ArrayBufferLike, at: number) => new Uint8Array(buffer, at + 1, 3),
  (buffer: ArrayBufferLike, at: number) => new Float64Array(buffer, at, 2),
  (buffer: ArrayBufferLike, at: number) => new DataView(buffer, at + 2, 5),
  (buffer: ArrayBufferLike, at: number) => Buffer.from(buffer as ArrayBuffer, at, 16),
]) {
  const name = make(new ArrayBuffer(64), 0).constructor.name;
  test(`clone: ${name} over shared memory stays that memory`, (t) => {
    const arena = testArena();
    const view = make(arena.memory.buffer, symbol(arena, 0, 'x', 'shared.u8', 16, 4) * 4);
    const back = roundTrip(arena, { view }) as { view: ArrayBufferView };
    t.is(back.view.buffer, arena.memory.buffer);
    t.deepEqual([back.view.byteOffset, back.view.byteLength], [view.byteOffset, view.byteLength]);
    t.is(Object.getPrototypeOf(back.view), Object.getPrototypeOf(view));
  });
}

testProp(
  'clone: any JSON-like value comes back equal',
  [
    fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withBigInt: true,
      withTypedArray: true,
      withSparseArray: true,
    }),
  ],
  (t, value) => {
    t.deepEqual(roundTrip(testArena(), [value]), [value]);
  },
);

// ---- values that fit the descriptor

const TD = 1024;

for (const value of [0, -0, 1.5, -1e308, NaN, Infinity, 2 ** 53, true, false, null, undefined]) {
  test(`clone: ${Object.is(value, -0) ? '-0' : String(value)} needs no message`, (t) => {
    const arena = testArena();
    t.true(isPlainValue(value));
    if (!isPlainValue(value)) return;
    stPlainValue(arena, TD, value);
    t.is(takeValue(arena, 0, TD), value);
    t.is(arena.m[TD + Thread.valueKind], VALUE_NONE);
    t.is(arena.m[Machine.messageUsed], 0);
  });
}

// ---- arguments that are numbers

for (const args of [[], [7], [-0], [1, 2], [-(2 ** 31), 2 ** 31 - 1]] as const) {
  test(`clone: the arguments (${args.map((arg) => inspect(arg)).join(', ')}) need no message`, (t) => {
    const arena = testArena();
    t.true(tryStArguments(arena, TD, args));
    const kind = arena.m[TD + Thread.valueKind];
    if (args.length === 2) {
      t.is(kind, VALUE_INTS);
      t.deepEqual(takeInts(arena, TD), args);
    } else t.is(takeValue(arena, 0, TD), args[0]);
    t.is(arena.m[TD + Thread.valueKind], VALUE_NONE);
    t.is(arena.m[Machine.messageUsed], 0);
  });
}

const DOUBLES = [
  [0, -0],
  [1, 2.5],
  [2 ** 31, 0],
  [NaN, Infinity],
  [1, 2, 3],
  Array.from({ length: 100 }, Math.sqrt),
];
const CLONED = [[1, '2'], [true, 1], [1, undefined], ['text'], [[1, 2]], [1n, 2n]];
for (const [how, kind, lists] of [
  ['cross as doubles', VALUE_NUMBERS, DOUBLES],
  ['are cloned', VALUE_MESSAGE, CLONED],
] as const) {
  for (const args of lists) {
    test(`clone: the arguments (${inspect(args, { compact: true, maxArrayLength: 4 })}) ${how}`, (t) => {
      const arena = testArena();
      t.false(tryStArguments(arena, TD, args));
      t.true(stMessageArguments(arena, 0, TD, 'count', args));
      t.is(arena.m[TD + Thread.valueKind], kind);
      t.deepEqual(takeValue(arena, 0, TD), args);
      t.is(arena.m[Machine.messageUsed], 0);
    });
  }
}

for (const args of [[], [7], [1, 2], [1, 2, 3], ['text']]) {
  test(`clone: the arguments (${inspect(args, { compact: true })}) are dropped with all that they hold`, (t) => {
    const arena = testArena();
    if (!tryStArguments(arena, TD, args)) stMessageArguments(arena, 0, TD, 'count', args);
    dropValue(arena, 0, TD);
    t.is(arena.m[TD + Thread.valueKind], VALUE_NONE);
    t.is(arena.m[Machine.messageUsed], 0);
  });
}

// ---- what is refused

const REFUSED: readonly [string, unknown, RegExp][] = [
  ['a function', () => 1, /could not be cloned/],
  ['a symbol', Symbol('x'), /could not be cloned/],
  ['a promise', Promise.resolve(1), /could not be cloned/],
  ['a weak map', new WeakMap(), /could not be cloned/],
  ['a foreign SharedArrayBuffer', new SharedArrayBuffer(8), /shared\.u8\(name, length\)/],
  [
    'a view of a foreign SharedArrayBuffer',
    new Int32Array(new SharedArrayBuffer(8)),
    /shared\.u8\(name, length\)/,
  ],
  [
    'an object whose getter throws',
    {
      get broken(): never {
        throw new Error('broken getter');
      },
    },
    /broken getter/,
  ],
];

for (const [what, value, reason] of REFUSED) {
  test(`clone refuses ${what}, names the argument, and leaves no message`, (t) => {
    const arena = testArena();
    const error = thrownBy(() => argumentsToMessage(arena, 0, 'count', [1, { deep: [value] }, 3]));
    t.true(error instanceof LwktError);
    t.is(error.code, 'ERR_LWKT_CLONE');
    t.regex(error.message, /^argument 2 of 'count' cannot be cloned/);
    t.regex(error.message, reason);
    t.truthy(error.cause);
    t.is(arena.m[Machine.messageUsed], 0);
  });
}

test('clone: holes among numbers are no numbers', (t) => {
  const arena = testArena();
  const args = new Array<number>(3);
  [args[0], args[2]] = [1, 3];
  t.false(tryStArguments(arena, TD, args));
  t.true(stMessageArguments(arena, 0, TD, 'count', args));
  t.is(arena.m[TD + Thread.valueKind], VALUE_MESSAGE);
  t.is((takeValue(arena, 0, TD) as unknown[])[1], undefined);
});

test('clone: arguments without room in the message space are refused as such', (t) => {
  const arena = testArena({ messages: 4096 });
  const error = thrownBy(() => argumentsToMessage(arena, 0, 'count', ['x'.repeat(5000)]));
  t.is(error.code, 'ERR_LWKT_MESSAGES');
});

// ---- errors

function throwAcross(thrown: unknown): unknown {
  const arena = testArena();
  return errorIn(roundTrip(arena, errorOut(arena, thrown)));
}

test('clone error: message, name, stack, code and own properties cross', (t) => {
  const thrown = Object.assign(new TypeError('bad'), {
    code: 'ERR_BAD',
    where: { line: 3 },
    handler: () => 1,
  });
  const back = throwAcross(thrown) as typeof thrown;
  t.true(back instanceof Error);
  t.is(back.message, 'bad');
  t.is(back.name, 'TypeError');
  t.is(back.stack, thrown.stack);
  t.is(back.code, 'ERR_BAD');
  t.deepEqual(back.where, { line: 3 });
  t.is(typeof back.handler, 'string');
  t.deepEqual(Object.keys(back).toSorted(), ['code', 'handler', 'where']);
});

test('clone error: the class of an LwktError is told by name and code', (t) => {
  const back = throwAcross(new LwktError('ERR_LWKT_THREADS', 'none left')) as LwktError;
  t.is(back.name, 'LwktError');
  t.is(back.code, 'ERR_LWKT_THREADS');
});

test('clone error: a cause crosses, with its message and stack', (t) => {
  const cause = new RangeError('underneath');
  const back = throwAcross(new Error('above', { cause })) as Error;
  t.true(back.cause instanceof Error);
  t.is((back.cause as Error).message, 'underneath');
  t.is((back.cause as Error).stack, cause.stack);
});

test('clone error: a cause keeps its code and name, and its own cause', (t) => {
  const root = Object.assign(new Error('root'), { code: 'ENOENT' });
  const cause = new LwktError('ERR_LWKT_CLONE', 'underneath', { cause: root });
  const back = throwAcross(new Error('above', { cause })) as Error & { cause: LwktError };
  t.is(back.cause.code, 'ERR_LWKT_CLONE');
  t.is(back.cause.name, 'LwktError');
  t.is((back.cause.cause as typeof root).code, 'ENOENT');
});

test('clone error: the errors of an AggregateError cross', (t) => {
  const back = throwAcross(
    new AggregateError([new Error('one'), new Error('two')], 'both'),
  ) as AggregateError;
  t.deepEqual(
    back.errors.map((error: unknown) => (error as Error).message),
    ['one', 'two'],
  );
});

for (const thrown of ['text', 7, null, undefined, { plain: true }]) {
  test(`clone error: a thrown ${inspect(thrown)} crosses as it is`, (t) => {
    t.deepEqual(throwAcross(thrown), thrown);
  });
}

test('clone error: what is thrown and cannot be cloned crosses as an error that shows it', (t) => {
  const back = throwAcross(() => 1) as Error;
  t.true(back instanceof Error);
  t.regex(back.message, /Function/);
});

for (const [what, thrown] of [
  [
    'a getter that throws',
    Object.defineProperty(new Error('x'), 'bad', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    }),
  ],
  [
    'a property that throws when shown',
    Object.assign(new Error('x'), {
      bad: Object.assign(() => 1, {
        [inspect.custom]() {
          throw new Error('no');
        },
      }),
    }),
  ],
  [
    'a stack that throws',
    Object.defineProperty(new Error('x'), 'stack', {
      get() {
        throw new Error('no');
      },
    }),
  ],
] as const) {
  test(`clone error: an error with ${what} crosses with its message`, (t) => {
    t.is((throwAcross(thrown) as Error).message, 'x');
  });
}
