/** Computes for a while without a safepoint. */
import { kthread, sleep } from 'lwkt/thread';

export default kthread(function* burns() {
  yield* sleep(0);
  const end = performance.now() + 1500;
  let x = 0;
  while (performance.now() < end) x++;
  return x > 0 ? 0 : 1;
});
