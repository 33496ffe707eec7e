/** The functions that may block their thread, and therefore are called as `yield* f(…)`, as data. */
export const BLOCKING: readonly string[] = [
  'join',
  'lwktBlock',
  'lwktGenToken',
  'lwktGetToken',
  'lwktRegetToken',
  'lwktSignal',
  'lwktSwitch',
  'lwktYield',
  'sleep',
  'until',
];
