import test from 'ava';
import { counted } from '../../runtime/base/counted.ts';
import { CONDITIONS, FAULT_NAMES, provoke } from '../helpers/faults.ts';

for (const fault of FAULT_NAMES) {
  for (const condition of CONDITIONS) {
    const { cpus, loaded } = condition;
    test.serial(
      `fault: ${fault} on ${counted(cpus, 'cpu')}, ${loaded ? 'under load' : 'the others asleep'}`,
      async (t) => {
        const { faults, ms } = await provoke(fault, condition);
        t.deepEqual(faults, []);
        t.log(`${ms.toFixed(0)} ms from the fault to the report`);
      },
    );
  }
}
