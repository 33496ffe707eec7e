/* Creates and joins threads one after the other; prints nanoseconds each. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static void *body(void *arg) { return arg; }
int main(int argc, char **argv) {
  long total = atol(argv[1]);
  struct timespec s, e;
  clock_gettime(CLOCK_MONOTONIC, &s);
  for (long i = 0; i < total; i++) {
    pthread_t t;
    pthread_create(&t, 0, body, 0);
    pthread_join(t, 0);
  }
  clock_gettime(CLOCK_MONOTONIC, &e);
  printf("%f\n", ((e.tv_sec - s.tv_sec) * 1e9 + e.tv_nsec - s.tv_nsec) / total);
  return 0;
}
