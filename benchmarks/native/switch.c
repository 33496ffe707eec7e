/* Switches between N contexts on one thread, round robin; prints nanoseconds a switch. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
static ucontext_t *ctx, back;
static long n, left;
static long at;
static void body(void) {
  for (;;) {
    long me = at;
    if (--left <= 0) swapcontext(&ctx[me], &back);
    at = me + 1 == n ? 0 : me + 1;
    swapcontext(&ctx[me], &ctx[at]);
  }
}
int main(int argc, char **argv) {
  n = atol(argv[1]);
  long total = atol(argv[2]);
  ctx = calloc(n, sizeof *ctx);
  for (long i = 0; i < n; i++) {
    getcontext(&ctx[i]);
    ctx[i].uc_stack.ss_sp = malloc(8192);
    ctx[i].uc_stack.ss_size = 8192;
    makecontext(&ctx[i], body, 0);
  }
  left = n; /* every stack touched once */
  swapcontext(&back, &ctx[0]);
  struct timespec s, e;
  left = total;
  clock_gettime(CLOCK_MONOTONIC, &s);
  swapcontext(&back, &ctx[at]);
  clock_gettime(CLOCK_MONOTONIC, &e);
  printf("%f\n", ((e.tv_sec - s.tv_sec) * 1e9 + e.tv_nsec - s.tv_nsec) / total);
  return 0;
}
