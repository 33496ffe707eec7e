/**
 * The floor plan of runtime/, as data.
 *
 * A file imports only from lower floors, or from entries listed before its own on the same floor. An entry that ends
 * in a slash is a folder whose files may import each other in any order without a cycle. What must go up is an
 * upcall slot of the lower file, filled in scheduler/boot.ts, or a run-time edge below.
 *
 * To make a test pass by changing this file is not the fix, unless the plan is what should change.
 */

/** One floor: files and folders of runtime/ in the order in which they may import each other. */
export interface Floor {
  readonly name: string;
  readonly entries: readonly string[];
}

/** From the ground up. */
export const FLOORS: readonly Floor[] = [
  { name: 'base', entries: ['base/'] },
  {
    name: 'shared memory',
    entries: [
      'shared-memory/struct.ts',
      'shared-memory/wasm.ts',
      'shared-memory/word.ts',
      'shared-memory/text.ts',
      'shared-memory/tailq.ts',
      'shared-memory/ring.ts',
      'shared-memory/doorbell.ts',
      'shared-memory/lock.ts',
      'shared-memory/layout/',
      'shared-memory/arena.ts',
      'shared-memory/messages.ts',
      'shared-memory/slab.ts',
      'shared-memory/symbols.ts',
      'shared-memory/descriptor.ts',
      'shared-memory/death.ts',
      'shared-memory/clone.ts',
      'shared-memory/thrown.ts',
      'shared-memory/value.ts',
    ],
  },
  { name: 'observe', entries: ['observe/'] },
  {
    name: 'scheduler',
    entries: [
      'scheduler/globaldata.ts',
      'scheduler/dead.ts',
      'scheduler/events.ts',
      'scheduler/ipifunc.ts',
      'scheduler/named.ts',
      'scheduler/thread.ts',
      'scheduler/idle-thread.ts',
      'scheduler/runqueue.ts',
      'scheduler/crit.ts',
      'scheduler/blocking.ts',
      'scheduler/ipiq-drain.ts',
      'scheduler/ipiq.ts',
      'scheduler/schedule.ts',
      'scheduler/mplock-owner.ts',
      'scheduler/timer.ts',
      'scheduler/poll.ts',
      'scheduler/idle.ts',
      'scheduler/switch.ts',
      'scheduler/preempt.ts',
      'scheduler/untimely.ts',
      'scheduler/send-ipiq.ts',
      'scheduler/mplock.ts',
      'scheduler/release.ts',
      'scheduler/refs.ts',
      'scheduler/token-stay.ts',
      'scheduler/token-requests.ts',
      'scheduler/token-owner.ts',
      'scheduler/token-mutex.ts',
      'scheduler/token-held.ts',
      'scheduler/token.ts',
      'scheduler/token-stop.ts',
      'scheduler/sleep.ts',
      'scheduler/tsleep.ts',
      'scheduler/sync-object.ts',
      'scheduler/waiting.ts',
      'scheduler/mutex.ts',
      'scheduler/semaphore.ts',
      'scheduler/condition.ts',
      'scheduler/barrier.ts',
      'scheduler/once.ts',
      'scheduler/rwlock.ts',
      'scheduler/spinlock.ts',
      'scheduler/sync-end.ts',
      'scheduler/until.ts',
      'scheduler/wait-queue.ts',
      'scheduler/wait.ts',
      'scheduler/create.ts',
      'scheduler/move.ts',
      'scheduler/balance.ts',
      'scheduler/exit.ts',
      'scheduler/join.ts',
      'scheduler/kill.ts',
      'scheduler/kthread.ts',
      'scheduler/survive.ts',
      'scheduler/boot.ts',
    ],
  },
  { name: 'thread code', entries: ['lwkt.ts'] },
  {
    name: 'stress plan',
    entries: [
      'stress/random.ts',
      'stress/suites.ts',
      'stress/chaos.ts',
      'stress/checks.ts',
      'stress/violation.ts',
      'stress/record.ts',
      'stress/plan.ts',
    ],
  },
  { name: 'stress program', entries: ['stress/program/'] },
  { name: 'bench plan', entries: ['bench/plan/'] },
  { name: 'bench program', entries: ['bench/program/'] },
  { name: 'cpu', entries: ['cpu/', 'cpu-worker.ts'] },
  { name: 'host', entries: ['machine/', 'index.ts'] },
  {
    name: 'stress rack',
    entries: [
      'stress/parse.ts',
      'stress/options.ts',
      'stress/phases.ts',
      'stress/memory.ts',
      'stress/summary.ts',
      'stress/scene.ts',
      'stress/watch.ts',
      'stress/trouble.ts',
      'stress/pace.ts',
      'stress/run.ts',
      'stress/mutants/',
    ],
  },
  { name: 'bench', entries: ['bench/'] },
  { name: 'cli', entries: ['cli/'] },
];

/** Floors that may not import each other although one lies above: shared memory is the only bridge. */
export const WALLS: readonly { readonly above: readonly string[]; readonly below: readonly string[] }[] = [
  {
    above: ['host', 'stress rack', 'bench', 'cli'],
    below: ['scheduler', 'thread code', 'stress program', 'bench program', 'cpu'],
  },
];

/** What a file names at run time instead of importing it; `*` for a program's module, whose name is a value. */
export const RUN_TIME_EDGES: readonly { readonly from: string; readonly to: string; readonly why: string }[] =
  [
    { from: 'machine/cpus.ts', to: 'cpu-worker.ts', why: 'the workers of the pool' },
    { from: 'cpu/control.ts', to: 'lwkt.ts', why: 'what lwkt/thread means in a program' },
    { from: 'cpu/control.ts', to: 'index.ts', why: 'what lwkt means in a program' },
    { from: 'stress/run.ts', to: 'stress/program/main.ts', why: 'the program that the rack boots' },
    { from: 'bench/machine.ts', to: 'bench/program/main.ts', why: 'the program of machines that measure' },
    {
      from: 'bench/contenders.ts',
      to: 'bench/program/costs.ts',
      why: 'the program of machines that are compared',
    },
    { from: 'bench/probes/boot.ts', to: 'bench/program/first.ts', why: 'the program whose boot is measured' },
    { from: 'bench/probes/boot.ts', to: '*', why: 'the compiled package beside a checkout' },
    { from: 'bench/peers/pool.ts', to: 'bench/peers/*.ts', why: 'the workers of other pools' },
    { from: 'bench/peers/pool.ts', to: '*', why: 'packages that may be there or not' },
    { from: 'machine/version.ts', to: '*', why: 'the package.json beside, for the version' },
    { from: 'stress/mutants/apply.ts', to: '*.ts', why: 'the files that a mutant changes, read as text' },
    { from: 'stress/mutants/preload.ts', to: '*', why: 'its own URL, which names the mutant' },
    {
      from: 'cli/mutant-process.ts',
      to: 'stress/mutants/preload.ts',
      why: 'what the process of a mutant loads first',
    },
    { from: 'cli/mutant-process.ts', to: 'cli/main.ts', why: 'the command, in a process of its own' },
    { from: 'cpu/control.ts', to: '*', why: 'a cpu loads its program by name' },
    { from: 'base/stack.ts', to: '.', why: 'the folder of this runtime, whose frames are no program’s' },
  ];
