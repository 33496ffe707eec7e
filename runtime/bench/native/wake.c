/* wake N: wakes a thread that sleeps in futex(2); prints the median time from before the call until it runs, in ns. */
#define _GNU_SOURCE
#include "bench.h"
#if defined(__linux__)
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
static atomic_int word;
static atomic_int asleep, awake;
static volatile double woken;
static long total;
static void *body(void *arg) {
  for (long i = 1; i <= total; i++) {
    atomic_store(&asleep, i);
    while (atomic_load(&word) != i) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, (int)i - 1, 0, 0, 0);
    woken = now_ns();
    atomic_store(&awake, i);
  }
  return arg;
}
static int less(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}
int main(int argc, char **argv) {
  total = atol(argv[argc - 1]);
  double *took = calloc(total, sizeof *took);
  pthread_t t;
  pthread_create(&t, 0, body, 0);
  for (long i = 1; i <= total; i++) {
    while (atomic_load(&asleep) != i);
    usleep(500); /* until it has surely gone to sleep, and its core with it */
    double start = now_ns();
    atomic_store(&word, i);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    while (atomic_load(&awake) != i);
    took[i - 1] = woken - start;
  }
  pthread_join(t, 0);
  qsort(took, total, sizeof *took, less);
  printf("%f\n", took[total / 2]);
  return 0;
}
#else
int main(void) {
  check(0, "written for Linux only");
  return 0;
}
#endif
