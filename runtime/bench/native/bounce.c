/* bounce N: two threads bounce a number between two cache lines; prints nanoseconds a round trip. */
#include <pthread.h>
#include <stdatomic.h>
#include "bench.h"
static _Alignas(128) atomic_long ping;
static _Alignas(128) atomic_long pong;
static long total;
static void *body(void *arg) {
  for (long i = 1; i <= total; i++) {
    while (atomic_load_explicit(&ping, memory_order_acquire) != i);
    atomic_store_explicit(&pong, i, memory_order_release);
  }
  return arg;
}
int main(int argc, char **argv) {
  total = atol(argv[argc - 1]);
  pthread_t t;
  pthread_create(&t, 0, body, 0);
  double start = now_ns();
  for (long i = 1; i <= total; i++) {
    atomic_store_explicit(&ping, i, memory_order_release);
    while (atomic_load_explicit(&pong, memory_order_acquire) != i);
  }
  double took = now_ns() - start;
  pthread_join(t, 0);
  printf("%f\n", took / total);
  return 0;
}
