/**
 * The functions of the seed, in its order, with the test that shows ours and the departures that concern it, as data.
 * Ours are found by their `@seed` tags.
 */

/** One function of lwkt_thread.c. */
export interface SeedFunction {
  readonly name: string;
  /** Line in the seed. */
  readonly line: number;
  /** `file: part of a title` below test/. */
  readonly test: string;
  /** Ids of DEPARTURES.md; none where we do as the seed does. */
  readonly departures: readonly string[];
}

const row = (name: string, line: number, test: string, ...departures: string[]): SeedFunction => ({
  name,
  line,
  test,
  departures,
});

export const SEED: readonly SeedFunction[] = [
  row('_lwkt_dequeue', 87, 'scheduler/runqueue.test.ts: the mask bit of an emptied queue', 'W1'),
  row('_lwkt_enqueue', 101, 'scheduler/runqueue.test.ts: a thread is queued once', 'W2'),
  row('_lwkt_wantresched', 123, 'scheduler/switch.test.ts: of higher priority waits for the safepoint', 'D6'),
  row('lwkt_gdinit', 134, 'scheduler/runqueue.test.ts: runqueue empty', 'W3'),
  row('lwkt_init_wait', 150, 'scheduler/wait.test.ts: wait empty', 'W3'),
  row('lwkt_alloc_thread', 163, 'scheduler/refs.test.ts: a free descriptor that did not exit', 'D9'),
  row('lwkt_init_thread', 201, 'shared-memory/slab.test.ts: descriptor', 'D10', 'D27', 'W4'),
  row('lwkt_set_comm', 216, 'scheduler/schedule.test.ts: lwktSetComm names a thread'),
  row('lwkt_hold', 226, 'scheduler/refs.test.ts: refs smoke', 'D12'),
  row('lwkt_rele', 232, 'scheduler/refs.test.ts: released once too often', 'D12'),
  row('lwkt_wait_free', 239, 'scheduler/refs.test.ts: returns when the last holder lets go', 'D12'),
  row('lwkt_free_thread', 246, 'scheduler/refs.test.ts: freeing a thread that did not exit', 'D9'),
  row('lwkt_switch', 297, 'scheduler/switch.test.ts: switch smoke', 'D13', 'D18', 'D26', 'W5', 'W6', 'W10'),
  row('lwkt_preempt', 468, 'scheduler/preempt.test.ts: preempt smoke', 'D5', 'D14', 'D29', 'W7', 'W8', 'W9'),
  row('lwkt_yield_quick', 566, 'scheduler/schedule.test.ts: yield quick', 'W11', 'W12'),
  row('lwkt_yield', 615, 'scheduler/switch.test.ts: threads of one priority take turns at each yield', 'W13'),
  row('lwkt_schedule_self', 629, 'scheduler/switch.test.ts: scheduling oneself undoes descheduling oneself'),
  row('lwkt_schedule', 650, 'scheduler/schedule.test.ts: schedule smoke', 'D7', 'D16', 'W14', 'W15'),
  row('lwkt_acquire', 725, 'scheduler/move.test.ts: acquire: of a thread', 'D11', 'W16'),
  row('lwkt_deschedule_self', 748, 'scheduler/schedule.test.ts: runs on until it switches'),
  row('lwkt_deschedule', 766, 'scheduler/switch.test.ts: can be taken off its queue by another', 'W17'),
  row('lwkt_setpri', 791, 'scheduler/switch.test.ts: raising a waiting thread'),
  row('lwkt_setpri_self', 807, 'scheduler/schedule.test.ts: priorities out of range are refused'),
  row('lwkt_preempted_proc', 824, 'scheduler/preempt.test.ts: is the process at the bottom'),
  row('lwkt_block', 850, 'scheduler/wait.test.ts: wait signalled before it blocks', 'D8', 'W18'),
  row('lwkt_signal', 877, 'scheduler/wait.test.ts: wakes as many as it is told', 'D6', 'W18', 'W19'),
  row('lwkt_gettoken_remote', 931, 'smp/token.test.ts: token handover', 'D28', 'W23', 'W25'),
  row('lwkt_gettoken', 946, 'smp/token.test.ts: token exclusive', 'D3', 'D4', 'W20', 'W21', 'W22', 'W33'),
  row('lwkt_trytoken', 992, 'scheduler/token.test.ts: token try', 'D2'),
  row('lwkt_reltoken', 1017, 'scheduler/token.test.ts: token release', 'D23', 'W24'),
  row('lwkt_gentoken', 1035, 'scheduler/token.test.ts: token gen'),
  row('lwkt_regettoken', 1051, 'scheduler/token.test.ts: token reget', 'D15', 'W26'),
  row('lwkt_inittoken', 1077, 'scheduler/token.test.ts: the same name is the same token'),
  row('lwkt_create', 1094, 'scheduler/mplock.test.ts: made by lwktCreate enters with it'),
  row('lwkt_exit', 1133, 'scheduler/kill.test.ts: lwktExit ends the thread from any depth', 'D9', 'W28'),
  row('kthread_create', 1151, 'scheduler/mplock.test.ts: kthreadCreate', 'W27'),
  row('crit_panic', 1181, 'scheduler/crit.test.ts: crit panic'),
  row('kthread_exit', 1198, 'scheduler/kill.test.ts: lwktExit ends the thread from any depth', 'W27'),
  row(
    'lwkt_send_ipiq',
    1217,
    'smp/ipi.test.ts: ipi order, stress',
    'D1',
    'D19',
    'D20',
    'D24',
    'D25',
    'W29',
    'W30',
    'W31',
  ),
  row(
    'lwkt_wait_ipiq',
    1271,
    'scheduler/ipiq-wait.test.ts: a wait warns and then ends the machine',
    'D21',
    'W32',
  ),
  row('lwkt_process_ipiq', 1303, 'scheduler/ipiq.test.ts: ipiq order', 'D1', 'D22'),
];
