import { kthread } from 'lwkt/thread';

export const lonely = kthread(function* lonely(n: number) {
  return n;
});
