import { kthread, critExit } from 'lwkt/thread';
export default kthread(function* main() {
  critExit();
});
