/** Threads of all cpus print lines, each with its number, and then something may happen. */
import { critExit, join, kthread, lwktYield, ncpus, safepoint, spawn } from 'lwkt/thread';

const PAD = 'x'.repeat(90);

const printer = kthread(function* printer(me: number, lines: number) {
  for (let i = 0; i < lines; i++) {
    console.log(`${me} ${i} ${PAD}`);
    if (safepoint()) yield* lwktYield();
  }
});

export default kthread(function* prints(lines: string, then: string) {
  const tds = Array.from({ length: ncpus() }, (_, cpu) => spawn(printer, [cpu, Number(lines)], { cpu }));
  for (const td of tds) yield* join(td);
  if (then === 'panic') critExit();
  if (then === 'exit') process.exit(3);
  if (then === 'throw') throw new Error('after all');
  return 0;
});
