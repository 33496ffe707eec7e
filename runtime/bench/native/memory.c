/* memory N: resident bytes of a thread that waits, with the smallest stack allowed. */
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include "bench.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *body(void *arg) {
  pthread_mutex_lock(&lock);
  pthread_mutex_unlock(&lock);
  return arg;
}
static double resident(void) {
  char line[256];
  double kib = 0;
  FILE *f = fopen("/proc/self/status", "r");
  check(f != 0, "no /proc/self/status here");
  while (fgets(line, sizeof line, f)) if (strncmp(line, "VmRSS:", 6) == 0) kib = atof(line + 6);
  fclose(f);
  return kib * 1024;
}
int main(int argc, char **argv) {
  long n = atol(argv[argc - 1]);
  pthread_t *all = calloc(n, sizeof *all);
  for (long i = 0; i < n; i++) all[i] = (pthread_t)1; /* touched before */
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 16384);
  pthread_mutex_lock(&lock);
  double before = resident();
  for (long i = 0; i < n; i++) check(pthread_create(&all[i], &attr, body, 0) == 0, "so many threads are not allowed");
  struct timespec d = {0, 200000000};
  nanosleep(&d, 0);
  double after = resident();
  pthread_mutex_unlock(&lock);
  for (long i = 0; i < n; i++) pthread_join(all[i], 0);
  printf("%f\n", (after - before) / n);
  return 0;
}
