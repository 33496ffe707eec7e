/**
 * The fault matrix: each fault, on machines of one cpu and of four, with the others asleep or at work. A scenario
 * boots a machine, provokes the fault, checks what the host is told and that the machine goes on or is down, and gives
 * the milliseconds from the fault to the report.
 */
import { boot, MachinePanic, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { errorOf, within } from './eventually.ts';

const PROGRAM = new URL('../host/programs/faults.ts', import.meta.url);
const SMALL = { threads: 400, memory: 65_536, messages: 262_144, names: 64 } as const;

/** Where a fault happens. */
export interface Condition {
  readonly cpus: 1 | 4;
  /** The cpus beside it compute; otherwise they sleep. */
  readonly loaded: boolean;
}

export const CONDITIONS: readonly Condition[] = [
  { cpus: 1, loaded: false },
  { cpus: 1, loaded: true },
  { cpus: 4, loaded: false },
  { cpus: 4, loaded: true },
];

/** What went wrong in a scenario; empty when nothing did. */
export interface Outcome {
  readonly faults: readonly string[];
  /** From the fault to the report. */
  readonly ms: number;
}

type Scenario = (
  machine: Machine,
  condition: Condition,
  expect: (ok: boolean, what: string) => void,
) => Promise<void>;

async function goesOn(machine: Machine, expect: (ok: boolean, what: string) => void): Promise<void> {
  expect(
    (await within('works', machine.spawn('works', [], { cpu: 0 }))) === true,
    'the machine works after it',
  );
}

function isPanic(error: unknown, reason: RegExp): boolean {
  return error instanceof MachinePanic && reason.test(error.message);
}

function isDeath(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_LWKT_CPU_DIED';
}

/** Each fault with what has to become of it. */
export const FAULTS: Readonly<Record<string, Scenario>> = {
  throw: async (machine, { cpus }, expect) => {
    const error = await within('throws', errorOf(machine.spawn('throws', [], { cpu: cpus - 1 })));
    expect(error.name === 'RangeError' && error.message === 'on purpose', `its own error: ${String(error)}`);
    expect(/faults\.ts:\d+/.test(error.stack ?? ''), 'the line of the program');
    await goesOn(machine, expect);
  },
  kill: async (machine, { cpus }, expect) => {
    expect(
      (await within('kills', machine.spawn('kills', [cpus - 1], { cpu: 0 }))) === 'ERR_LWKT_KILLED',
      'killed',
    );
    await goesOn(machine, expect);
  },
  panic: async (machine, { cpus }, expect) => {
    const error = await within('panics', errorOf(machine.spawn('panics', [], { cpu: cpus - 1 })));
    expect(isPanic(error, new RegExp(`^panic on cpu ${cpus - 1}: crit_panic`)), `a panic: ${String(error)}`);
    expect((await errorOf(machine.spawn('works'))) === error, 'nothing runs after it');
  },
  'process.exit': async (machine, { cpus }, expect) => {
    const error = await within('exits', errorOf(machine.spawn('exits', [], { cpu: cpus - 1 })));
    expect(isDeath(error), `a cpu died: ${String(error)}`);
  },
  'out of memory': async (machine, { cpus }, expect) => {
    const error = await within('eats', errorOf(machine.spawn('eats', [], { cpu: cpus - 1 })));
    expect(isDeath(error), `a cpu died: ${String(error)}`);
  },
  'endless loop': async (machine, { cpus }, expect) => {
    const stalled = new Promise<number>((resolve) => machine.once('stall', ({ cpu }) => resolve(cpu)));
    machine.spawn('endless', [], { cpu: cpus - 1 }).catch(() => undefined);
    expect((await within('the stall', stalled)) === cpus - 1, 'the cpu is named');
  },
  deadlock: async (machine, _, expect) => {
    const told = new Promise<string>((resolve) => machine.once('deadlock', resolve));
    machine.spawn('deadlocks', [], { cpu: 0 }).catch(() => undefined);
    expect(/^deadlock: .*mutex 'faulty'/.test(await within('the deadlock', told)), 'a sentence');
    await othersRun(machine, expect);
  },
  'ring full': async (machine, { cpus }, expect) => {
    expect(
      (await within('fills', machine.spawn('fills', [cpus - 1], { cpu: 0 }))) === true,
      'refused, not stuck',
    );
    await goesOn(machine, expect);
  },
  'arena full': async (machine, _, expect) => {
    const told = await within('exhausts', machine.spawn('exhausts', [], { cpu: 0 }));
    expect(told === 'ERR_LWKT_THREADS true true', `the limit is told: ${String(told)}`);
    await goesOn(machine, expect);
  },
};

/** What does not need the mutexes that the deadlocked threads keep. */
async function othersRun(machine: Machine, expect: (ok: boolean, what: string) => void): Promise<void> {
  expect(
    (await within('unload', machine.spawn('unload', [], { cpu: 0 }))) === undefined,
    'other threads run',
  );
}

/** Faults after which a cpu has to be ended by force. */
const FORCED = new Set(['endless loop']);

/** Runs one cell of the matrix. */
export async function provoke(fault: string, condition: Condition): Promise<Outcome> {
  const faults: string[] = [];
  const expect = (ok: boolean, what: string): void => {
    if (!ok) faults.push(what);
  };
  const options: MachineOptions = {
    program: PROGRAM,
    cpus: condition.cpus,
    ring: 16,
    ...SMALL,
    sysctl: { 'lwkt.watchdog_ms': 300 },
    ...(fault === 'out of memory' ? { heap: 32 * 1024 * 1024 } : {}),
  };
  const machine = await within('boot', boot(options));
  let ms = 0;
  try {
    if (condition.loaded) await within('load', machine.spawn('load', [], { cpu: 0 }));
    const start = performance.now();
    await (FAULTS[fault] as Scenario)(machine, condition, expect);
    ms = performance.now() - start;
  } catch (error) {
    faults.push(String(error));
  }
  const { forced } = await within('stop', machine.stop());
  if (!FORCED.has(fault)) expect(forced.length === 0, `stops by itself, but for ${forced.join()}`);
  return { faults, ms };
}
