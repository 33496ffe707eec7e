/** Names and errors that would steer a terminal if they reached it raw. */
import { join, kthread, lwktCreate, shared, sleep, spawn, token } from 'lwkt/thread';

token('tok\u001b[31m');
shared.i32('x\u009b', 1);

const bad = kthread(function* bad() {
  yield* sleep(0);
  throw new Error('\u001b]0;title\u0007 and \u202e text\r\nnext line');
});
const quiet = kthread(function* quiet() {
  yield* sleep(0);
});

export default kthread(function* steers(how: string) {
  if (how === 'detached') spawn(bad, [], { detached: true, name: '\u001b[2Jname' });
  if (how === 'unjoined') spawn(bad, [], { name: '\u001b[2Jname' });
  lwktCreate(quiet, [], { name: '\u001b[2Jname' });
  yield* sleep(20);
  if (how === 'thrown') yield* join(spawn(bad));
  if (how === 'left') {
    spawn(quiet, [], { name: '\u001b[2Jname', stopped: true });
    return 0;
  }
  return 0;
});
