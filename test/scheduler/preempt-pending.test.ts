import test from 'ava';
import {
  critEnter,
  critExit,
  ipiFunc,
  join,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktSendIpiq,
  lwktSwitch,
  lwktYield,
  spawn,
  TDPRI_INT_HIGH,
  TDPRI_INT_LOW,
  TDPRI_INT_MED,
  type Td,
} from '../../runtime/lwkt.ts';
import { bootOneCpu, checkLeaks, define, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

let high: Td = 0;
const wakeHigh = ipiFunc(function wakeHigh() {
  lwktSchedule(high);
});

test('regress: an interrupt thread that waits under another one runs when that one blocks, also after a third', (t) => {
  const log: string[] = [];
  const interrupt = (name: string, priority: number, body: () => void = () => {}): Td =>
    spawn(
      define(function* intr() {
        lwktDescheduleSelf();
        yield* lwktSwitch();
        log.push(name);
        body();
      }),
      [],
      { interrupt: true, priority },
    );
  const before = run(function* () {
    const low = interrupt('low', TDPRI_INT_LOW);
    high = interrupt('high', TDPRI_INT_HIGH);
    // An IPI makes the high one runnable, which comes on top when the IPI is over, and looks at what else waits.
    const middle = interrupt('middle', TDPRI_INT_MED, () => lwktSendIpiq(0, wakeHigh));
    yield* lwktYield();
    critEnter();
    lwktSchedule(low);
    lwktSchedule(middle);
    critExit();
    const found = [...log];
    for (const td of [low, middle, high]) yield* join(td);
    return found;
  });
  t.deepEqual(before, ['middle', 'high', 'low']);
});
