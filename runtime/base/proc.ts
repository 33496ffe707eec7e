/**
 * The processes that threads run for, as far as the kernel's scheduler knows them: a number and what it does. A
 * thread of a process that sleeps may only be woken by wakeup(), which changes the state first.
 *
 * Seed: td_proc, p_stat.
 */
export const PROC_STATS = ['none', 'run', 'sleep'] as const;

export const PROC_RUN = 1;
export const PROC_SLEEP = 2;
