import { kthread, mycpu } from 'lwkt/thread';
if (mycpu() === 1) kthread(function* extra() {});
export default kthread(function* main() {});
