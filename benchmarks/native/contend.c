/* Two threads take one pthread mutex for sections of some 50 ns; prints nanoseconds a section, both together. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long value;
static atomic_int stop;
static long counts[2];
static void *body(void *arg) {
  long n = 0;
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 25; i++) value++;
    pthread_mutex_unlock(&lock);
    n++;
  }
  *(long *)arg = n;
  return 0;
}
int main(int argc, char **argv) {
  long ms = atol(argv[1]);
  struct timespec d = {ms / 1000, ms % 1000 * 1000000L};
  pthread_t a, b;
  pthread_create(&a, 0, body, &counts[0]);
  pthread_create(&b, 0, body, &counts[1]);
  nanosleep(&d, 0);
  atomic_store(&stop, 1);
  pthread_join(a, 0);
  pthread_join(b, 0);
  printf("%f\n", ms * 1e6 / (counts[0] + counts[1]));
  return 0;
}
