/** Registers another function on each cpu: what no program should. */
import { kthread, mycpu } from 'lwkt/thread';

const even = (): unknown => kthread(function* evenOnes() {});
const odd = (): unknown => kthread(function* oddOnes() {});
export const registered = mycpu() % 2 === 0 ? even() : odd();
