/* switch THREADS N: switches between contexts on one thread, round robin, by swapcontext; nanoseconds a switch. */
#include <ucontext.h>
#include "bench.h"
static ucontext_t *ctx, back;
static long n, left, at;
static long *turns;
static void body(void) {
  for (;;) {
    long me = at;
    turns[me]++;
    if (--left <= 0) swapcontext(&ctx[me], &back);
    at = me + 1 == n ? 0 : me + 1;
    swapcontext(&ctx[me], &ctx[at]);
  }
}
int main(int argc, char **argv) {
  n = atol(argv[argc - 2]);
  long total = atol(argv[argc - 1]) / n * n;
  ctx = calloc(n, sizeof *ctx);
  turns = calloc(n, sizeof *turns);
  for (long i = 0; i < n; i++) {
    getcontext(&ctx[i]);
    ctx[i].uc_stack.ss_sp = malloc(8192);
    check(ctx[i].uc_stack.ss_sp != 0, "no memory for so many stacks");
    ctx[i].uc_stack.ss_size = 8192;
    makecontext(&ctx[i], body, 0);
  }
  left = n; /* every stack touched once */
  swapcontext(&back, &ctx[0]);
  left = total;
  double start = now_ns();
  swapcontext(&back, &ctx[at]);
  double took = now_ns() - start;
  for (long i = 0; i < n; i++) check(turns[i] >= total / n, "a context had fewer turns");
  printf("%f\n", took / total);
  return 0;
}
