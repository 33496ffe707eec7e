/* pthread-create N: creates and joins threads one after the other; prints nanoseconds each. */
#include <pthread.h>
#include "bench.h"
static void *body(void *arg) { return arg; }
int main(int argc, char **argv) {
  long total = atol(argv[argc - 1]);
  double start = now_ns();
  for (long i = 0; i < total; i++) {
    pthread_t t;
    void *result = 0;
    pthread_create(&t, 0, body, (void *)i);
    pthread_join(t, &result);
    check(result == (void *)i, "a thread returned something else");
  }
  printf("%f\n", (now_ns() - start) / total);
  return 0;
}
