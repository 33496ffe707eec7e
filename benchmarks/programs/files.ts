/** Hash and word count of files, a thread for each, spread over the cpus. */
import { join, kthread, spawn } from 'lwkt/thread';
import { countFile } from '../lib/work.ts';

const count = kthread(function* count(path: string) {
  return countFile(path);
});

export default kthread(function* main(paths: string[]) {
  const threads = paths.map((path) => spawn(count, [path], { cpu: 'spread' }));
  let words = 0;
  for (const td of threads) words += yield* join(td);
  return words;
});
