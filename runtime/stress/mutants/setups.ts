/** The setups of the rack that mutants are run with. Each of them succeeds without a mutant; the table shows it. */
import type { StressOptions } from '../options.ts';
import { operationNames, type SuiteName } from '../suites.ts';
import { HAND_OVER_OFTEN, SLOW_MOVE, SLOW_READER, SLOW_LOCKS, SLOW_WRITER } from './delays.ts';
import type { Edit } from './edit.ts';

/** A suite and its options, as the command line has them. */
export interface Setup extends Pick<
  StressOptions,
  'threads' | 'tokens' | 'nested' | 'ops' | 'chaos' | 'ring' | 'shuffle'
> {
  readonly suite: SuiteName;
  readonly cpus: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds without progress that are a failure. */
  readonly stall: number;
  readonly seed: number;
  /**
   * Delays in the kernel as it is, which has to stand them: they hold a cpu where a mistake needs another one to come
   * between, so that a window of nanoseconds is found on any computer.
   */
  readonly delays?: readonly Edit[];
}

const setup = (suite: SuiteName, more: Partial<Setup> = {}): Setup => ({
  suite,
  cpus: 2,
  duration: 15_000,
  stall: 3000,
  seed: 1,
  ...more,
});

/** Weights that leave some operations only. */
const only = (suite: SuiteName, ...names: readonly string[]): Record<string, number> =>
  Object.fromEntries(operationNames(suite).map((name) => [name, names.includes(name) ? 1 : 0]));

export const SETUPS = {
  tokens: setup('tokens'),
  'tokens, 4 cpus': setup('tokens', { cpus: 4, tokens: 2, chaos: 2, duration: 12_000 }),
  'tokens that move': setup('tokens', { shuffle: 2, chaos: 1 }),
  'tokens, lost and kept': setup('tokens', { tokens: 1, nested: 1, ops: only('tokens', 'lose', 'keep') }),
  'tokens, one for many': setup('tokens', {
    threads: 32,
    tokens: 1,
    nested: 1,
    ops: only('tokens', 'get'),
    stall: 1000,
    duration: 20_000,
  }),
  'tokens, relays': setup('tokens', {
    ops: only('tokens', 'relay'),
    duration: 20_000,
    delays: HAND_OVER_OFTEN,
  }),
  ipiq: setup('ipiq'),
  'ipiq, small rings': setup('ipiq', { ring: 2, duration: 12_000 }),
  'ipiq, 4 cpus in chaos': setup('ipiq', { cpus: 4, chaos: 3, duration: 12_000 }),
  'ipiq, cpus that sleep': setup('ipiq', { threads: 1, ops: only('ipiq', 'await'), duration: 15_000 }),
  'ipiq, passive alone': setup('ipiq', { threads: 1, ops: only('ipiq', 'passive'), duration: 6000 }),
  'ipiq, slow writer': setup('ipiq', { duration: 20_000, delays: SLOW_WRITER }),
  'ipiq, slow reader': setup('ipiq', { ring: 2, duration: 20_000, delays: SLOW_READER }),
  'ipiq, full rings': setup('ipiq', {
    cpus: 4,
    ring: 2,
    ops: only('ipiq', 'fill', 'send'),
    duration: 20_000,
  }),
  'ipiq, heard': setup('ipiq', {
    cpus: 4,
    threads: 2,
    ops: only('ipiq', 'heard', 'answer', 'send'),
    duration: 20_000,
  }),
  mplock: setup('mplock'),
  'mplock, one each': setup('mplock', {
    threads: 1,
    ops: only('mplock', 'get', 'lose'),
    stall: 1000,
    duration: 20_000,
  }),
  waitq: setup('waitq'),
  'waitq, both ways': setup('waitq', {
    cpus: 4,
    ring: 2,
    ops: only('waitq', 'timed', 'mode', 'signal'),
    duration: 30_000,
  }),
  preempt: setup('preempt'),
  sync: setup('sync'),
  'sync, kills': setup('sync', {
    tokens: 1,
    nested: 1,
    ops: only('sync', 'mutex', 'kill'),
    duration: 12_000,
  }),
  'sync, barriers': setup('sync', { cpus: 4, threads: 2, ops: only('sync', 'barrier'), duration: 20_000 }),
  'sync, relays': setup('sync', { ops: only('sync', 'relay'), duration: 20_000, delays: SLOW_LOCKS }),
  'sync, spinlocks': setup('sync', { tokens: 1, nested: 1, ops: only('sync', 'spin'), duration: 12_000 }),
  threads: setup('threads'),
  'threads, made': setup('threads', { threads: 1, ops: only('threads', 'detached'), duration: 20_000 }),
  'threads, moved': setup('threads', { ops: only('threads', 'move'), duration: 10_000, delays: SLOW_MOVE }),
  'threads, held': setup('threads', { threads: 1, ops: only('threads', 'hold'), duration: 12_000 }),
} as const satisfies Readonly<Record<string, Setup>>;

export type SetupName = keyof typeof SETUPS;
