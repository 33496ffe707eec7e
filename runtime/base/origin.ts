/** Which thread an error came out of, beside the error: its own properties are the program's. */

/** A thread that failed. */
export interface Origin {
  /** Its name. */
  readonly thread: string;
  /** The cpu that it ran on. */
  readonly cpu: number;
}

const origins = new WeakMap<object, Origin>();

/** Notes where an error came from; what is known already stays, since whoever joins a thread throws its error on. */
export function setOrigin(error: unknown, origin: () => Origin): void {
  if (typeof error !== 'object' || error === null || origins.has(error)) return;
  origins.set(error, origin());
}

/** The thread that an error came out of first, if it came out of one. */
export function originOf(error: unknown): Origin | undefined {
  return typeof error === 'object' && error !== null ? origins.get(error) : undefined;
}
