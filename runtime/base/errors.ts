/**
 * Errors a caller can act on: you may not, or there is no more. Each has a code, names the value that was
 * wrong, the limit it met and the way out. What cannot be is a panic instead (see panic.ts).
 */

/** Every code an {@link LwktError} can carry. */
export type LwktErrorCode =
  | 'ERR_LWKT_OPTION'
  | 'ERR_LWKT_PROGRAM'
  | 'ERR_LWKT_NAMES'
  | 'ERR_LWKT_REGISTER'
  | 'ERR_LWKT_NO_MACHINE'
  | 'ERR_LWKT_NO_THREAD'
  | 'ERR_LWKT_JOINED'
  | 'ERR_LWKT_THREADS'
  | 'ERR_LWKT_MEMORY'
  | 'ERR_LWKT_MESSAGES'
  | 'ERR_LWKT_SYMBOL'
  | 'ERR_LWKT_CLONE'
  | 'ERR_LWKT_CONTEXT'
  | 'ERR_LWKT_YIELD'
  | 'ERR_LWKT_STOPPED'
  | 'ERR_LWKT_CPU_DIED'
  | 'ERR_LWKT_KILLED'
  | 'ERR_LWKT_MOVE'
  | 'ERR_LWKT_POISONED'
  | 'ERR_LWKT_DUMP';

/** A refusal: wrong use or an exhausted limit. */
export class LwktError extends Error {
  /** Stable, for programs; the message is for people. */
  readonly code: LwktErrorCode;

  /**
   * @param code - the kind of refusal
   * @param message - what was wrong (with the value), the limit, and what to do
   * @param options - the error underneath, if there is one
   */
  constructor(code: LwktErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LwktError';
    this.code = code;
  }
}
