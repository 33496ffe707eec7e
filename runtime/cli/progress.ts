/**
 * A status line on the terminal for runs that take long: threads ended of threads made so far, and what the cpus
 * do. Only where stderr is a terminal; cpus that print clear the line first.
 */
import { SingleBar } from 'cli-progress';
import type { Machine } from '../machine/machine.ts';

/** Milliseconds before the line first shows, and between two updates. */
const FIRST_MS = 1000;
const EVERY_MS = 200;

/** Shows the line until the returned function is called. */
export function showProgress(machine: Machine): () => void {
  const bar = new SingleBar({
    format: 'lwkt {bar} {value}/{total} threads | {switches} switches | cpus {cpus} | {duration_formatted}',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  let started = false;
  const update = (): void => {
    const { total, cpus } = machine.stats();
    const made = total['lwkt.threads_run'] + cpus.reduce((sum, { threads }) => sum + threads, 0);
    const payload = {
      switches: total['lwkt.switch_count'].toLocaleString('en-US'),
      cpus: cpus.map(({ state }) => state).join(' '),
    };
    if (!started) bar.start(made, total['lwkt.threads_run'], payload);
    started = true;
    bar.setTotal(made);
    bar.update(total['lwkt.threads_run'], payload);
  };
  let timer = setTimeout(() => {
    update();
    timer = setInterval(update, EVERY_MS);
    timer.unref();
  }, FIRST_MS);
  timer.unref();
  return () => {
    clearTimeout(timer);
    clearInterval(timer);
    if (started) bar.stop();
  };
}
