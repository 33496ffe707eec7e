/*
 * mandelbrot THREADS WIDTH HEIGHT ITERATIONS: a picture by single rows, taken from a shared counter; prints
 * milliseconds, and the sum of all pixels.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "bench.h"
static long width, height, iterations;
static unsigned char *picture;
static atomic_long next;
static void *body(void *arg) {
  for (long y; (y = atomic_fetch_add(&next, 1)) < height;) {
    double ci = (2.0 * y) / height - 1;
    for (long x = 0; x < width; x++) {
      double cr = (3.0 * x) / width - 2, zr = 0, zi = 0;
      long i = 0;
      for (; i < iterations && zr * zr + zi * zi <= 4; i++) {
        double to = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = to;
      }
      picture[y * width + x] = i;
    }
  }
  return arg;
}
int main(int argc, char **argv) {
  check(argc == 5, "mandelbrot THREADS WIDTH HEIGHT ITERATIONS");
  long threads = atol(argv[1]);
  width = atol(argv[2]);
  height = atol(argv[3]);
  iterations = atol(argv[4]);
  picture = calloc(width, height);
  pthread_t all[64];
  double start = now_ns();
  for (long i = 1; i < threads; i++) pthread_create(&all[i], 0, body, 0);
  body(0);
  for (long i = 1; i < threads; i++) pthread_join(all[i], 0);
  double took = now_ns() - start;
  double sum = 0;
  for (long i = 0; i < width * height; i++) sum += picture[i];
  printf("%f %f\n", took / 1e6, sum);
  return 0;
}
