/* Two threads bounce a number between two cache lines; prints nanoseconds a round trip. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
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
  total = atol(argv[1]);
  pthread_t t;
  pthread_create(&t, 0, body, 0);
  struct timespec s, e;
  clock_gettime(CLOCK_MONOTONIC, &s);
  for (long i = 1; i <= total; i++) {
    atomic_store_explicit(&ping, i, memory_order_release);
    while (atomic_load_explicit(&pong, memory_order_acquire) != i);
  }
  clock_gettime(CLOCK_MONOTONIC, &e);
  pthread_join(t, 0);
  printf("%f\n", ((e.tv_sec - s.tv_sec) * 1e9 + e.tv_nsec - s.tv_nsec) / total);
  return 0;
}
