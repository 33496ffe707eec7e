/*
 * contend mutex|spin MS: two threads take one lock for sections of some 50 ns; prints nanoseconds a section, both
 * together, and the sections of one over those of the other, the fewer over the more.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "bench.h"
#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() ((void)0)
#endif
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(128) atomic_int word;
static _Alignas(128) volatile long value;
static _Alignas(128) atomic_int stop;
static _Alignas(128) long counts[2][16];
static int spin;
static void *body(void *arg) {
  long n = 0;
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    if (spin) {
      while (atomic_exchange_explicit(&word, 1, memory_order_acquire))
        while (atomic_load_explicit(&word, memory_order_relaxed)) PAUSE();
    } else {
      pthread_mutex_lock(&lock);
    }
    for (int i = 0; i < 25; i++) value++;
    if (spin) atomic_store_explicit(&word, 0, memory_order_release);
    else pthread_mutex_unlock(&lock);
    n++;
  }
  *(long *)arg = n;
  return 0;
}
int main(int argc, char **argv) {
  spin = argc > 1 && strcmp(argv[1], "spin") == 0;
  double ms = atof(argv[argc - 1]);
  struct timespec d = {(long)ms / 1000, (long)(ms * 1e6) % 1000000000L};
  pthread_t a, b;
  double start = now_ns();
  pthread_create(&a, 0, body, &counts[0][0]);
  pthread_create(&b, 0, body, &counts[1][0]);
  nanosleep(&d, 0);
  atomic_store(&stop, 1);
  pthread_join(a, 0);
  pthread_join(b, 0);
  double took = now_ns() - start;
  long x = counts[0][0], y = counts[1][0];
  check(value == 25 * (x + y), "two threads were in the section at once");
  printf("%f %f\n", took / (x + y), x < y ? (double)x / y : (double)y / x);
  return 0;
}
