/* handoff N: two threads hand a turn to each other by a mutex and conditions; prints nanoseconds a hand-over. */
#include <pthread.h>
#include "bench.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int turn;
static long total, done[2];
static void *body(void *arg) {
  long me = (long)arg;
  pthread_mutex_lock(&lock);
  for (long i = 0; i < total; i++) {
    while (turn != me) pthread_cond_wait(&turned[me], &lock);
    turn = !me;
    done[me]++;
    pthread_cond_signal(&turned[!me]);
  }
  pthread_mutex_unlock(&lock);
  return 0;
}
int main(int argc, char **argv) {
  total = (atol(argv[argc - 1]) + 1) / 2;
  pthread_t a, b;
  double start = now_ns();
  pthread_create(&a, 0, body, (void *)0);
  pthread_create(&b, 0, body, (void *)1);
  pthread_join(a, 0);
  pthread_join(b, 0);
  double took = now_ns() - start;
  check(done[0] == total && done[1] == total, "a turn is missing");
  printf("%f\n", took / (2 * total));
  return 0;
}
