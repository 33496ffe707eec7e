/*
 * asm-switch THREADS N: the same with the least that a switch can be: push and pop what a function must preserve,
 * and exchange stack pointers. Nanoseconds a switch.
 */
#include "bench.h"
#if defined(__x86_64__)
void exchange(void **from, void *to);
__asm__(".text\n.globl exchange\nexchange:\n"
        "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
        "  movq %rsp, (%rdi)\n  movq %rsi, %rsp\n"
        "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n  ret\n");
static void **stacks, *back;
static long n, left, at;
static long *turns;
static void body(void) {
  for (;;) {
    long me = at;
    turns[me]++;
    if (--left <= 0) exchange(&stacks[me], back);
    at = me + 1 == n ? 0 : me + 1;
    exchange(&stacks[me], stacks[at]);
  }
}
int main(int argc, char **argv) {
  n = atol(argv[argc - 2]);
  long total = atol(argv[argc - 1]) / n * n;
  stacks = calloc(n, sizeof *stacks);
  turns = calloc(n, sizeof *turns);
  for (long i = 0; i < n; i++) {
    char *base = aligned_alloc(16, 2048);
    check(base != 0, "no memory for so many stacks");
    void **top = (void **)(base + 2048 - 64);
    *--top = 0;
    *--top = (void *)body;
    for (int r = 0; r < 6; r++) *--top = 0;
    stacks[i] = top;
  }
  left = n;
  exchange(&back, stacks[0]);
  left = total;
  double start = now_ns();
  exchange(&back, stacks[at]);
  double took = now_ns() - start;
  for (long i = 0; i < n; i++) check(turns[i] >= total / n, "a context had fewer turns");
  printf("%f\n", took / total);
  return 0;
}
#else
int main(void) {
  check(0, "written for x86-64 only");
  return 0;
}
#endif
