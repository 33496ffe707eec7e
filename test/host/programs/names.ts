/** Registers another function on each cpu: what no program should. */
import { kthread, mycpu } from 'lwkt/thread';

const even = (): unknown => kthread(function* even() {});
const odd = (): unknown => kthread(function* odd() {});
export const registered = mycpu() % 2 === 0 ? even() : odd();
