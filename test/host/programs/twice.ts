import { kthread } from 'lwkt/thread';

export const first = kthread(function* same() {});
export const second = kthread(function* same() {});
