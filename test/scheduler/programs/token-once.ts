/** A token got and released, with all of it in one thread of the system, so that what V8 tells of it stands in order. */
import { lwktGetToken, lwktRelToken, lwktYield, token } from '../../../runtime/lwkt.ts';
import { bootOneCpu, run } from '../../helpers/one-cpu.ts';

bootOneCpu();
run(function* once() {
  const tok = token('once');
  yield* lwktGetToken(tok);
  lwktRelToken(tok);
  yield* lwktYield();
});
