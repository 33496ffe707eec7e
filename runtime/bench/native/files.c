/*
 * files THREADS FOLDER COUNT: reads FOLDER/0.txt and so on, hashes each with SHA-1 and counts its words; prints
 * milliseconds, and the words plus the first byte of each hash.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "bench.h"
#define MOST (1 << 20)
static long count;
static const char *folder;
static atomic_long next, total;
static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }
static void block(uint32_t h[5], const unsigned char *p) {
  uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
               : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
    uint32_t t = rol(a, 5) + f + e + w[i];
    e = d; d = c; c = rol(b, 30); b = a; a = t;
  }
  h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
}
static int sha1(unsigned char *p, long n) {
  uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  long i = 0;
  for (; i + 64 <= n; i += 64) block(h, p + i);
  unsigned char tail[128] = {0};
  memcpy(tail, p + i, n - i);
  tail[n - i] = 0x80;
  int end = n - i < 56 ? 64 : 128;
  for (int k = 0; k < 8; k++) tail[end - 1 - k] = (uint64_t)n * 8 >> 8 * k;
  for (int k = 0; k < end; k += 64) block(h, tail + k);
  return h[0] >> 24;
}
static void *body(void *arg) {
  unsigned char *bytes = malloc(MOST);
  for (long i; (i = atomic_fetch_add(&next, 1)) < count;) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%ld.txt", folder, i);
    int fd = open(path, O_RDONLY);
    check(fd >= 0, "a file is missing");
    long n = 0, more;
    while ((more = read(fd, bytes + n, MOST - n)) > 0) n += more;
    close(fd);
    long words = 0;
    int inside = 0;
    for (long k = 0; k < n; k++) {
      int letter = bytes[k] > 32;
      words += letter && !inside;
      inside = letter;
    }
    atomic_fetch_add(&total, words + sha1(bytes, n));
  }
  free(bytes);
  return arg;
}
int main(int argc, char **argv) {
  check(argc == 4, "files THREADS FOLDER COUNT");
  long threads = atol(argv[1]);
  folder = argv[2];
  count = atol(argv[3]);
  pthread_t all[64];
  double start = now_ns();
  for (long i = 1; i < threads; i++) pthread_create(&all[i], 0, body, 0);
  body(0);
  for (long i = 1; i < threads; i++) pthread_join(all[i], 0);
  printf("%f %ld\n", (now_ns() - start) / 1e6, (long)total);
  return 0;
}
