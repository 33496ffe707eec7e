/**
 * Ends the process although a worker runs that cannot be ended: process.exit() would wait for it for ever.
 *
 * The process becomes a shell that ends with the code, all its threads with it; where that is not to be had, it is
 * killed.
 *
 * @param code - exit code, 0 .. 255
 */
export async function endNow(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  try {
    process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
  } catch {
    // There is no shell, or it may not be run.
  }
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => {});
}
