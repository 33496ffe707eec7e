/** One process of faults.ts: provokes what it is sent, one fault after the other, and answers how it went. */
import { CONDITIONS, provoke, seedDamage, type Condition } from '../helpers/faults.ts';

/** What the parent sends. */
export interface Order {
  readonly fault: string;
  readonly condition: number;
}

seedDamage(Number(process.argv[2] ?? 1));
process.on('message', (message) => {
  const { fault, condition } = message as Order;
  void provoke(fault, CONDITIONS[condition] as Condition).then((outcome) => process.send?.(outcome));
});
process.on('disconnect', () => process.exit());
