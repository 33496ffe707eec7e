/* mutex N: locks and unlocks an uncontended pthread mutex, of a process that has a second thread; nanoseconds a pair. */
#include <pthread.h>
#include "bench.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long value;
static void *nothing(void *arg) { return arg; }
int main(int argc, char **argv) {
  long total = atol(argv[argc - 1]);
  pthread_t t;
  pthread_create(&t, 0, nothing, 0);
  pthread_join(t, 0);
  double start = now_ns();
  for (long i = 0; i < total; i++) {
    pthread_mutex_lock(&lock);
    value++;
    pthread_mutex_unlock(&lock);
  }
  double took = now_ns() - start;
  check(value == total, "a section is missing");
  printf("%f\n", took / total);
  return 0;
}
