import { kthread } from 'lwkt/thread';

/** V8 compiles this loop without a place where it could be interrupted. */
export default kthread(function* main() {
  console.log('ready');
  for (;;) new Array(1000).fill(1.5);
});
