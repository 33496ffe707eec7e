/** Branded numbers: what a number stands for is part of its type. */

declare const brand: unique symbol;

/**
 * Handle of a thread, good on every cpu: slot and generation in 31 bits, so it fits an Int32 word or an IPI
 * argument. Like a process id it may be reused, after 512 lives of its slot.
 *
 * @typeParam R - what the thread returns
 */
export type Td<R = unknown> = number & { readonly [brand]?: { readonly td: R } };

/** A token: the word offset of its struct, the same on every cpu. */
export type Token = number & { readonly [brand]?: 'token' };

/** A wait queue: the word offset of its struct, the same on every cpu. */
export type WaitQueue = number & { readonly [brand]?: 'waitqueue' };

/** A mutex: the word offset of its struct, the same on every cpu. */
export type Mutex = number & { readonly [brand]?: 'mutex' };

/** A spinlock. */
export type Spinlock = number & { readonly [brand]?: 'spinlock' };

/** A counting semaphore. */
export type Semaphore = number & { readonly [brand]?: 'semaphore' };

/** A condition. */
export type Condition = number & { readonly [brand]?: 'condition' };

/** A barrier. */
export type Barrier = number & { readonly [brand]?: 'barrier' };

/** Something to be done once. */
export type Once = number & { readonly [brand]?: 'once' };

/** A lock for many readers or one writer. */
export type RwLock = number & { readonly [brand]?: 'rwlock' };

/** Word offset of a thread descriptor. */
export type ThreadRef = number;

/** Sequence number of an IPI in its ring; wraps, compared by subtraction only. */
export type Seq = number;
