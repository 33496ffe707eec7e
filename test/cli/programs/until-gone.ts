/** Says that it is there, and ends when a file has gone. */
import { existsSync } from 'node:fs';
import { kthread, sleep } from 'lwkt/thread';

export default kthread(function* untilGone(path: string) {
  console.log('here');
  while (existsSync(path)) yield* sleep(2);
  return 0;
});
