// Its threads fail far from main: where is to be told.
import { readFile } from 'node:fs/promises';
import { ipiFunc, join, kthread, lwktSendIpiq, sleep, spawn, until } from 'lwkt/thread';

const count = kthread(function* count(path: string) {
  return (yield* until(readFile(path, 'utf8'))).length;
});

const typo = kthread(function* typo(path: string) {
  return inner(path);
});

function inner(path: string): number {
  if (path !== '') throw new TypeError('nothing but trouble');
  return 0;
}

const pokes = ipiFunc(function pokes() {
  inner('poked');
});

export default kthread(function* main(what: string) {
  if (what === 'ipi') {
    lwktSendIpiq(1, pokes);
    for (;;) yield* sleep(10);
  }
  return yield* join(spawn(what === 'file' ? count : typo, ['no-such-file'], { cpu: 1 }));
});
