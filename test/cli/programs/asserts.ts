import { kthread, MachinePanic, panic } from 'lwkt/thread';

/** A broken invariant of the program itself: told by `panic()`, or thrown. */
export default kthread(function* main(how: string) {
  if (how === 'throws') throw new MachinePanic('41 is not 42');
  panic('41 is not 42');
});
