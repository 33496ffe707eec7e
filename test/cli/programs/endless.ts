import { kthread } from 'lwkt/thread';

export default kthread(function* main() {
  console.log('ready');
  for (;;);
});
