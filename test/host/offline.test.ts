import test from 'ava';
import { boot, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { errorOf, eventually, within } from '../helpers/eventually.ts';
import { call, snapshot } from '../helpers/machine.ts';

const program = new URL('programs/offline.ts', import.meta.url);

function machineOf(cpus: number, options: Partial<MachineOptions> = {}): Promise<Machine> {
  return boot({ program, cpus, ring: 16, onCpuDeath: 'offline', ...options });
}

/** The others work, and the machine stops by itself. */
async function goesOn(t: { deepEqual: (a: unknown, b: unknown) => void }, machine: Machine, dead: number[]) {
  const living = machine
    .stats()
    .cpus.map(({ cpu }) => cpu)
    .filter((cpu) => !dead.includes(cpu));
  t.deepEqual(await call(machine, 'works', [dead], living[0]), living);
  t.deepEqual(
    machine.stats().cpus.map(({ state }) => state === 'offline'),
    machine.stats().cpus.map(({ cpu }) => dead.includes(cpu)),
  );
  const { forced } = await within('stop', machine.stop());
  t.deepEqual(forced, []);
}

const HEAP = { heap: 32 * 1024 * 1024 };
const LOST = /^ERR_LWKT_CPU_DIED: thread \d+ '\w+' was lost: cpu \d+ died: /;

for (const cpus of [2, 4, 8]) {
  for (const [what, result] of [
    ['token', /^returned got$/],
    ['queue', /^returned got$/],
    ['mutex', /^returned (ERR_LWKT_POISONED|got)$/],
    ['rwlock', /^returned (ERR_LWKT_POISONED|got)$/],
    ['spinlock', /^returned got$/],
    ['mplock', /^returned got$/],
    ['once', /^returned got$/],
    ['nothing', /^returned nothing$/],
  ] as const) {
    // All of it on four; on the others what waits in different ways.
    if (cpus !== 4 && !['token', 'mutex', 'mplock'].includes(what)) continue;
    for (const how of cpus === 4 ? ['exit', 'late', 'memory'] : ['exit']) {
      test.serial(
        `offline: ${cpus} cpus, one dies (${how}) holding ${what}; the others get it`,
        async (t) => {
          const machine = await machineOf(cpus, how === 'memory' ? HEAP : {});
          const died: number[] = [];
          machine.on('cpuDied', ({ cpu }) => died.push(cpu));
          const [lost = '', ...got] = (await call(machine, 'survives', [what, how, cpus - 1])) as string[];
          t.regex(lost, LOST);
          for (const one of got) t.regex(one, result, snapshot(machine));
          if (what === 'mutex') t.is(got.filter((one) => one.includes('POISONED')).length >= 1, true);
          t.deepEqual(died, [cpus - 1]);
          await goesOn(t, machine, [cpus - 1]);
        },
      );
    }
  }
}

test.serial(
  'offline: threads that waited for what lives leave every queue, and fail to their joiners',
  async (t) => {
    const machine = await machineOf(3);
    const { outcomes, woken, broken } = (await call(machine, 'waitersDie', [2])) as {
      outcomes: string[];
      woken: number;
      broken: string;
    };
    for (const one of outcomes) t.regex(one, LOST);
    t.is(outcomes.length, 8);
    t.is(woken, 0);
    t.is(broken, 'ERR_LWKT_POISONED');
    await goesOn(t, machine, [2]);
  },
);

test.serial('offline: sends to it are refused, waits for it end with an error', async (t) => {
  const machine = await machineOf(3);
  const errors = (await call(machine, 'sendsToTheDead', [1])) as string[];
  for (const one of errors.slice(0, 5)) t.regex(one, /^ERR_LWKT_CPU_DIED: .*cpu 1 died: /);
  t.deepEqual([...new Set(errors.slice(5))].toSorted(), ['0', '2']);
  await goesOn(t, machine, [1]);
});

test.serial(
  'offline: a thread that awaits its completion, and one that fills its ring, are told',
  async (t) => {
    const machine = await machineOf(2);
    const errors = (await call(machine, 'awaitsTheDead', [1])) as string[];
    for (const one of errors) t.regex(one, /^ERR_LWKT_CPU_DIED: .*cpu 1 died: /);
    await goesOn(t, machine, [1]);
  },
);

test.serial('offline: who waits for a reference that it may have had is told', async (t) => {
  const machine = await machineOf(2);
  t.regex(
    (await call(machine, 'refersAndDies', [1])) as string,
    /^ERR_LWKT_CPU_DIED: lwktWaitFree\(\d+\): a reference may be lost, which nobody would drop: cpu 1 died: /,
  );
  await goesOn(t, machine, [1]);
});

test.serial('offline: cpu 0 dies: main fails, the others go on', async (t) => {
  const machine = await machineOf(3);
  const main = errorOf(machine.run());
  await eventually('main', () => machine.ps().some(({ name, state }) => name === 'main' && state === 'wait'));
  const killer = errorOf(machine.spawn('justDies', ['exit'], { cpu: 0 }));
  for (const error of [await within('main', main), await within('killer', killer)]) {
    t.is(error.code, 'ERR_LWKT_CPU_DIED');
    t.regex(error.message, /was lost: cpu 0 died: .*3/);
  }
  t.is((await errorOf(machine.spawn('nothing', [], { cpu: 0 }))).code, 'ERR_LWKT_CPU_DIED');
  t.not(await machine.spawn('nothing'), 0);
  t.is((await machine.heaps()).length, 2);
  await goesOn(t, machine, [0]);
});

test.serial('offline: the last cpu takes the machine with it', async (t) => {
  const machine = await machineOf(2);
  await errorOf(call(machine, 'justDies', ['exit'], 0));
  const faults: Error[] = [];
  machine.on('fault', (fault) => faults.push(fault));
  const error = await errorOf(call(machine, 'justDies', ['exit'], 1));
  t.regex(error.message, /cpu 1 died: .*the machine is stopped/);
  t.deepEqual(faults, [error]);
  await within('stop', machine.stop());
});

for (const cpus of [2, 4, 8]) {
  test.serial(
    `offline: under load, ${cpus} cpus die one after the other but one; the rest goes on each time`,
    async (t) => {
      const machine = await machineOf(cpus);
      await call(machine, 'load', [4]);
      const dead: number[] = [];
      while (dead.length < cpus - 1) {
        // From both ends, cpu 0 among them.
        const next = dead.length % 2 === 0 ? dead.length / 2 : cpus - 1 - (dead.length - 1) / 2;
        const lost = await errorOf(call(machine, 'justDies', ['exit'], next));
        t.is(lost.code, 'ERR_LWKT_CPU_DIED', lost.message);
        dead.push(next);
        const at = Array.from({ length: cpus }, (_, i) => i).find((cpu) => !dead.includes(cpu)) as number;
        const before = (await call(machine, 'progress', [], at)) as number[];
        for (;;) {
          const now = (await call(machine, 'progress', [], at)) as number[];
          if (now.every((value, i) => value > (before[i] as number))) break;
        }
      }
      const at = Array.from({ length: cpus }, (_, i) => i).find((cpu) => !dead.includes(cpu)) as number;
      await call(machine, 'unload', [], at);
      await goesOn(t, machine, dead);
    },
  );
}
