/** The options of a machine: defaults, and checks that name the value, the limit and the way out. */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { folderFault } from '../base/folder.ts';
import {
  DEFAULT_MEMORY,
  DEFAULT_MESSAGES,
  DEFAULT_NAMES,
  DEFAULT_RING,
  DEFAULT_THREADS,
  MAXCPU,
  MAX_RING,
  MAX_THREADS,
  MIN_RING,
} from '../base/params.ts';
import { COUNTERS } from '../shared-memory/layout/globaldata.ts';
import { TUNABLES, type TunableName } from '../shared-memory/layout/sysctl.ts';
import type { Shape } from '../shared-memory/layout/memory-map.ts';

/** What boot() takes. */
export interface MachineOptions {
  /** The program: a module path (from the working directory) or file URL whose modules call kthread(). */
  readonly program: string | URL;
  /** Worker threads, 1 .. 64; default: what the computer offers in parallel. */
  readonly cpus?: number;
  /** Threads that fit at a time; default 100,000. 128 bytes each, touched when used. */
  readonly threads?: number;
  /** Bytes for named shared regions (`shared.*`, tokens, wait queues); default 64 MiB. */
  readonly memory?: number;
  /** Bytes for cloned arguments and results on their way, rounded up to a power of two; default 64 MiB. */
  readonly messages?: number;
  /** Slots of each IPI ring, a power of two; default 256. */
  readonly ring?: number;
  /** Named objects that fit; default 4096. */
  readonly names?: number;
  /** Tunables to start with. */
  readonly sysctl?: Partial<Readonly<Record<TunableName, number>>>;
  /** Where threads' standard output goes; default 'stdout'. */
  readonly output?: 'stdout' | 'stderr';
  /** Path of a Unix-domain socket to look at the machine through: `lwkt ps --control PATH` and its kin. */
  readonly control?: string;
  /** File that a dump is written to when the machine panics or a cpu dies: `lwkt dump FILE` shows it. */
  readonly dump?: string;
  /** Bytes of each cpu's JavaScript heap; default what Node gives. A cpu that needs more dies, not the process. */
  readonly heap?: number;
  /**
   * When a cpu dies, by process.exit, out of heap or by an exception that nobody catches: 'panic', the default, stops
   * the machine; with 'offline' it goes on with the others, and the threads of that cpu fail with ERR_LWKT_CPU_DIED.
   */
  readonly onCpuDeath?: 'panic' | 'offline';
  /** @internal The host shows a status line on the terminal: cpus clear it before they print. */
  readonly statusLine?: boolean;
}

/** Checked options. */
export interface MachineConfig {
  readonly shape: Shape;
  readonly program: URL;
  readonly crowded: boolean;
  readonly sysctl: readonly (readonly [TunableName, number])[];
  readonly stdout: 1 | 2;
  readonly statusLine: boolean;
  readonly control: string | undefined;
  readonly dump: string | undefined;
  readonly heap: number | undefined;
  readonly onCpuDeath: 'panic' | 'offline';
}

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

function whole(least: number, most: number, initial: number): z.ZodDefault<z.ZodNumber> {
  const error = `must be a whole number of ${least} .. ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error }).default(initial);
}

function options(): z.ZodType<
  Required<Omit<MachineOptions, 'program' | 'sysctl' | 'control' | 'dump' | 'heap'>> &
    Pick<MachineOptions, 'program' | 'sysctl' | 'control' | 'dump' | 'heap'>
> {
  return z.strictObject({
    program: z.custom<string | URL>(
      (value) => (typeof value === 'string' && value !== '') || value instanceof URL,
      {
        error: 'must be a path or a file URL',
      },
    ),
    cpus: whole(1, MAXCPU, Math.min(MAXCPU, availableParallelism())),
    threads: whole(1, MAX_THREADS, DEFAULT_THREADS),
    memory: whole(4 * KIB, 2 * GIB, DEFAULT_MEMORY),
    messages: whole(4 * KIB, GIB, DEFAULT_MESSAGES),
    ring: whole(MIN_RING, MAX_RING, DEFAULT_RING).refine((n) => (n & (n - 1)) === 0, {
      error: 'must be a power of two',
    }),
    names: whole(1, 1_000_000, DEFAULT_NAMES),
    sysctl: z.record(z.string(), z.number()).optional(),
    output: z.enum(['stdout', 'stderr'], { error: `must be 'stdout' or 'stderr'` }).default('stdout'),
    control: z.string({ error: 'must be a path' }).min(1, { error: 'must be a path' }).optional(),
    dump: z.string({ error: 'must be a path' }).min(1, { error: 'must be a path' }).optional(),
    heap: whole(16 * MIB, 64 * GIB, 64 * GIB)
      .unwrap()
      .optional(),
    onCpuDeath: z.enum(['panic', 'offline'], { error: `must be 'panic' or 'offline'` }).default('panic'),
    statusLine: z.boolean().default(false),
  }) as never;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/**
 * Checks options and fills in defaults.
 *
 * @throws LwktError ERR_LWKT_OPTION naming option, value and limit; ERR_LWKT_PROGRAM when there is no such file
 */
export function machineConfig(given: MachineOptions): MachineConfig {
  const parsed = options().safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue?.code === 'unrecognized_keys') {
      throw new LwktError('ERR_LWKT_OPTION', `boot(): unknown option '${issue.keys.join(`', '`)}'`);
    }
    const path = issue?.path ?? [];
    const value = valueAt(given, path);
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${path.join('.') || 'options'}: ${shown(value)} ${issue?.message ?? 'is wrong'}`,
    );
  }
  const { dump } = parsed.data;
  const fault = dump === undefined ? undefined : folderFault(dump);
  if (fault !== undefined) throw new LwktError('ERR_LWKT_OPTION', `dump: '${dump}': ${fault}`);
  const { program, cpus, threads, memory, messages, ring, names, output, statusLine } = parsed.data;
  return {
    shape: {
      ncpus: cpus,
      ringSize: ring,
      threads,
      names,
      memory: Math.ceil(memory / 128) * 128,
      messages: 2 ** Math.ceil(Math.log2(messages)),
    },
    program: programUrl(program),
    crowded: cpus > availableParallelism(),
    sysctl: Object.entries(parsed.data.sysctl ?? {}).map(([name, value]) => checkTunable(name, value)),
    stdout: output === 'stderr' ? 2 : 1,
    statusLine,
    control: parsed.data.control,
    dump,
    heap: parsed.data.heap,
    onCpuDeath: parsed.data.onCpuDeath,
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/**
 * Checks a tunable and its value.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function checkTunable(name: string, value: number): [TunableName, number] {
  const found = TUNABLES.find(([known]) => known === name);
  if (found === undefined) {
    const counts = COUNTERS.some(([known]) => known === name);
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `sysctl '${name}' ${counts ? 'is a counter, which cannot be set' : 'does not exist'}; there are ${TUNABLES.map(([known]) => known).join(', ')}`,
    );
  }
  const [known, , least, most] = found;
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `sysctl ${name}: ${String(value)} must be a whole number of ${least} .. ${most}`,
    );
  }
  return [known, value];
}

function programUrl(program: string | URL): URL {
  const url =
    program instanceof URL
      ? program
      : program.startsWith('file:')
        ? new URL(program)
        : pathToFileURL(resolve(program));
  if (url.protocol !== 'file:') {
    throw new LwktError('ERR_LWKT_OPTION', `program: '${url.href}' must be a path or a file URL`);
  }
  const path = fileURLToPath(url);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) {
    throw new LwktError(
      'ERR_LWKT_PROGRAM',
      `no such program: ${path} ${stat === undefined ? 'does not exist' : 'is not a file'}; give the path of a module that calls kthread()`,
    );
  }
  return url;
}
