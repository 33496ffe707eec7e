import { kthread } from 'lwkt/thread';

export default kthread(function* main() {
  process.exit(7);
});
