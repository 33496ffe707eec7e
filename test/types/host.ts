/** What the type checker has to accept and to refuse in host code. Never run: `npm run types` checks it. */
import { boot, type Machine, type MachineOptions, type StopReport } from 'lwkt';

export async function good(): Promise<void> {
  await using machine: Machine = await boot({ program: 'a.ts', cpus: 2, sysctl: { 'lwkt.spin_us': 5 } });
  const result: unknown = await machine.run('a', 1);
  const other: unknown = await machine.spawn('count', ['a'], { cpu: 'any', priority: 5, name: 'x' });
  const report: StopReport = await machine.stop();
  machine.on('threadFailed', (error: unknown) => void error);
  machine.on('fault', (error: Error) => void error.message);
  const url: MachineOptions = { program: new URL('file:///a.ts') };
  void [result, other, report.forced[0]?.toFixed(), url];
}

export async function bad(machine: Machine): Promise<void> {
  // @ts-expect-error the program is forgotten
  await boot({ cpus: 2 });
  // @ts-expect-error cpus in words
  await boot({ program: 'a.ts', cpus: '2' });
  // @ts-expect-error an unknown option
  await boot({ program: 'a.ts', cpu: 2 });
  // @ts-expect-error an unknown tunable
  await boot({ program: 'a.ts', sysctl: { 'lwkt.nothing': 1 } });
  // @ts-expect-error an unknown output
  await boot({ program: 'a.ts', output: 'file' });
  // @ts-expect-error the result of a program is unknown: look before use
  const n: number = await machine.run();
  // @ts-expect-error arguments that are not in an array
  await machine.spawn('count', 'a');
  // @ts-expect-error no such place
  await machine.spawn('count', [], { cpu: 'all' });
  // @ts-expect-error a fault is an error
  machine.on('fault', (error: number) => void error);
  const report = await machine.stop();
  // @ts-expect-error the report is read only
  report.forced = [];
  void n;
}
