/* ring N: one thread streams records to another through a ring, released one by one; prints nanoseconds a record. */
#include <pthread.h>
#include <stdatomic.h>
#include "bench.h"
#define SIZE 256
static _Alignas(128) atomic_long windex;
static _Alignas(128) atomic_long rindex;
static _Alignas(128) long slots[SIZE][4];
static _Alignas(128) volatile long sum;
static long total;
static void *body(void *arg) {
  long r = 0;
  while (r < total) {
    long w = atomic_load_explicit(&windex, memory_order_acquire);
    for (; r < w; r++) sum += slots[r % SIZE][1];
    atomic_store_explicit(&rindex, r, memory_order_release);
  }
  return arg;
}
int main(int argc, char **argv) {
  total = atol(argv[argc - 1]);
  pthread_t t;
  pthread_create(&t, 0, body, 0);
  long seen = 0;
  double start = now_ns();
  for (long i = 0; i < total; i++) {
    while (i - seen >= SIZE) seen = atomic_load_explicit(&rindex, memory_order_acquire);
    slots[i % SIZE][0] = 1;
    slots[i % SIZE][1] = i;
    slots[i % SIZE][2] = 0;
    slots[i % SIZE][3] = 0;
    atomic_store_explicit(&windex, i + 1, memory_order_release);
  }
  pthread_join(t, 0);
  double took = now_ns() - start;
  check(sum == total * (total - 1) / 2, "a record is missing");
  printf("%f\n", took / total);
  return 0;
}
