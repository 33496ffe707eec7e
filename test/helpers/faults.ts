/**
 * The fault matrix: each fault, on machines of one cpu and of four, with the others asleep or at work. A scenario
 * boots a machine, provokes the fault, checks what the host is told and that the machine goes on or is down, and gives
 * the milliseconds from the fault to the report.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { viewText } from '../../runtime/cli/view-text.ts';
import { readDump } from '../../runtime/machine/dump.ts';
import { machineView } from '../../runtime/observe/view.ts';
import { ROOT } from './cli.ts';
import { random } from './seed.ts';
import { boot, MachinePanic, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { errorOf, within } from './eventually.ts';

const PROGRAM = new URL('../host/programs/faults.ts', import.meta.url);
/** Where dumps are damaged. */
let somewhere = random(1);

/** Other places than those of the next process. */
export function seedDamage(seed: number): void {
  somewhere = random(seed);
}
const MAIN = join(ROOT, 'runtime/cli/main.ts');
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
const FAULTS: Readonly<Record<string, Scenario>> = {
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
  'process.exit, offline': withoutIt('exits'),
  'out of memory, offline': withoutIt('eats'),
  'corrupt dump': async (machine, _, expect) => {
    const dir = await mkdtemp(join(tmpdir(), 'lwkt-test-'));
    try {
      const path = join(dir, 'dump');
      await machine.dump(path);
      const bytes = readFileSync(path);
      for (let round = 0; round < 8; round++) {
        const bad = Buffer.from(bytes);
        // Cut off, or some bytes of it turned over, wherever.
        const at = somewhere(bad.length);
        if (round % 2 === 0) for (let i = 0; i < 4; i++) bad[(at + i * 97) % bad.length] = somewhere(256);
        writeFileSync(path, round % 2 === 0 ? bad : bad.subarray(0, at));
        const told = await within('the dump', outcomeOf(path));
        expect(/^(shown|ERR_LWKT_DUMP)$/.test(told), `refused or shown: ${told}, damaged at ${at}`);
      }
    } finally {
      await rm(dir, { recursive: true });
    }
    await goesOn(machine, expect);
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

/** A cpu dies, and the machine goes on without it; with one cpu, it is down. */
function withoutIt(name: string): Scenario {
  return async (machine, { cpus }, expect) => {
    const dead = cpus - 1;
    const error = await within(name, errorOf(machine.spawn(name, [], { cpu: dead })));
    expect(isDeath(error), `a cpu died: ${String(error)}`);
    if (cpus === 1) return;
    const worked = await within('worksWithout', machine.spawn('worksWithout', [dead], { cpu: 0 }));
    expect(worked === true, 'the others work');
  };
}

/** What does not need the mutexes that the deadlocked threads keep. */
async function othersRun(machine: Machine, expect: (ok: boolean, what: string) => void): Promise<void> {
  expect(
    (await within('unload', machine.spawn('unload', [], { cpu: 0 }))) === undefined,
    'other threads run',
  );
}

/** Faults after which a cpu has to be ended by force. */
const FORCED = new Set(['endless loop']);

async function outcomeOf(path: string): Promise<string> {
  try {
    const { arena, names } = await readDump(path);
    return typeof viewText(machineView(arena, names)) === 'string' ? 'shown' : 'nothing';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

/** Starts `lwkt run` on a program that runs for ever, and waits until it does. */
async function started({ cpus, loaded }: Condition, control: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'run',
      fileURLToPath(PROGRAM),
      '--cpus',
      String(cpus),
      '--stats',
      '--control',
      control,
      String(loaded),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await within('ready', once(child.stdout, 'data'));
  return child;
}

type ProcessScenario = (
  condition: Condition,
  control: string,
  expect: (ok: boolean, what: string) => void,
) => Promise<number>;

/** Faults of a whole process; the milliseconds from the signal to its end. */
const OF_PROCESSES: Readonly<Record<string, ProcessScenario>> = {
  SIGINT: async (condition, control, expect) => {
    const child = await started(condition, control);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const closed = once(child, 'close');
    const start = performance.now();
    child.kill('SIGINT');
    const [code] = (await within('the end', closed)) as [number | null];
    const ms = performance.now() - start;
    expect(code === 130, `exit code 130, not ${code}`);
    expect(/lwkt\.switch_count|switches/.test(stderr), `the statistics so far: ${stderr}`);
    return ms;
  },
  'SIGKILL of the process': async (condition, control, expect) => {
    const child = await started(condition, control);
    const closed = once(child, 'close');
    const start = performance.now();
    child.kill('SIGKILL');
    const [code, signal] = (await within('the end', closed)) as [number | null, string | null];
    const ms = performance.now() - start;
    expect(code === null && signal === 'SIGKILL', 'it is gone');
    expect(existsSync(control), 'its socket is left behind');
    const machine = await within('boot', boot({ program: PROGRAM, cpus: 1, control, ...SMALL }));
    expect((await machine.spawn('works')) === true, 'the next one takes it over');
    await machine.stop();
    return ms;
  },
};

async function provokeProcess(scenario: ProcessScenario, condition: Condition): Promise<Outcome> {
  const faults: string[] = [];
  const dir = await mkdtemp(join(tmpdir(), 'lwkt-test-'));
  let ms = 0;
  try {
    ms = await scenario(condition, join(dir, 'c'), (ok, what) => {
      if (!ok) faults.push(what);
    });
  } catch (error) {
    faults.push(String(error));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return { faults, ms };
}

/** All faults by name. */
export const FAULT_NAMES: readonly string[] = [...Object.keys(FAULTS), ...Object.keys(OF_PROCESSES)];

/** Runs one cell of the matrix. */
export async function provoke(fault: string, condition: Condition): Promise<Outcome> {
  const ofProcess = OF_PROCESSES[fault];
  if (ofProcess !== undefined) return provokeProcess(ofProcess, condition);
  const faults: string[] = [];
  let start = 0;
  let ms = 0;
  const expect = (ok: boolean, what: string): void => {
    // The report has come; what is expected after it takes its own time.
    if (ms === 0) ms = performance.now() - start;
    if (!ok) faults.push(what);
  };
  const options: MachineOptions = {
    program: PROGRAM,
    cpus: condition.cpus,
    ring: 16,
    ...SMALL,
    // Whether cpus stop by themselves is asked; how soon, is printed.
    sysctl: { 'lwkt.watchdog_ms': 300, 'lwkt.panic_grace_ms': 60_000 },
    ...(fault.startsWith('out of memory') ? { heap: 32 * 1024 * 1024 } : {}),
    ...(fault.endsWith('offline') ? { onCpuDeath: 'offline' as const } : {}),
  };
  const machine = await within('boot', boot(options));
  try {
    if (condition.loaded) await within('load', machine.spawn('load', [], { cpu: 0 }));
    start = performance.now();
    await (FAULTS[fault] as Scenario)(machine, condition, expect);
  } catch (error) {
    expect(false, String(error));
  }
  const { forced } = await within('stop', machine.stop());
  if (!FORCED.has(fault)) expect(forced.length === 0, `stops by itself, but for ${forced.join()}`);
  return { faults, ms };
}
