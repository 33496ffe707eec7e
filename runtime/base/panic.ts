/**
 * The broken invariant: what cannot be, was. A panic stops the whole machine.
 *
 * `panic` throws, so that the JavaScript stack unwinds; the cpu's main loop reports it to the host. The hook
 * runs before the throw and marks the machine as panicked, so that code that catches everything cannot hide it.
 */

/** Thrown on the cpu that found a broken invariant; what the host's promises reject with. */
export class MachinePanic extends Error {
  /**
   * @param message - the reason with its values
   * @param options - the error underneath, if there is one
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MachinePanic';
  }
}

let announce: (panic: MachinePanic) => void = () => {};

/**
 * Sets what happens before a panic is thrown: the cpu marks the machine here.
 *
 * @param hook - called once per panic with the error about to be thrown
 */
export function setPanicHook(hook: (panic: MachinePanic) => void): void {
  announce = hook;
}

/**
 * Stops the machine: for an invariant of the program that does not hold. Code that catches everything does not hide it.
 *
 * Context: any; never blocks.
 *
 * @param message - the reason, with the values that show it
 * @param cause - the error underneath, if there is one: its stack says where
 * @throws {@link MachinePanic} always
 */
export function panic(message: string, cause?: unknown): never {
  const error = new MachinePanic(message, cause === undefined ? {} : { cause });
  announce(error);
  throw error;
}
