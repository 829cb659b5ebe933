// Register reads as assembly/fabric/mmio.ts and assembly/trace/ring.ts make them, in C: what is due, the block behind the mapping, judgement, value,
// record, digest, time. Reads its registers from a file that bench/image.ts wrote; prints nanoseconds a read and the digest after CHECK reads.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORDS = 65536, CHECK = 1000, DONE = 0, WRONG_WIDTH = 1, RESERVED = 2, UNANSWERED = 3, MMIO_READ = 3 };

typedef struct { uint32_t *image; uint8_t *widths; uint32_t dwords, absent_count; uint32_t *absent; } block;
typedef struct { uint32_t generation, entity, size, delta; uint64_t base; block *block; } handle;
typedef struct {
  uint64_t now, next_deadline, digest;
  uint32_t cost, generation, armed, pending;
  uint64_t *ring;
} machine;

static uint64_t mix(uint64_t hash, uint64_t word) {
  uint64_t mixed = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return mixed ^ (mixed >> 29);
}

static void trace(machine *m, uint32_t kind, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f) {
  if (m->pending == RECORDS) m->pending = 0;
  uint64_t *at = m->ring + (uint64_t)m->pending++ * 4;
  uint64_t first = (m->now & 0x1fffffffffffffu) | ((uint64_t)(kind << 24) << 32);
  uint64_t second = ((uint64_t)b << 32) | a, third = ((uint64_t)d << 32) | c, fourth = ((uint64_t)f << 32) | e;
  at[0] = first;
  at[1] = second;
  at[2] = third;
  at[3] = fourth;
  uint64_t hash = mix(mix(mix(m->digest, first), second), third);
  m->digest = (hash ^ fourth) * 0xc2b2ae3d27d4eb4fu + (hash >> 31);
}

static uint32_t judge(const block *b, uint32_t offset, uint32_t width) {
  if (offset & (width - 1)) return WRONG_WIDTH;
  if (offset >= b->dwords << 2) return RESERVED;
  uint32_t index = offset >> 2;
  for (uint32_t i = 0; i < b->absent_count; i++) if (index >= b->absent[i * 2] && index <= b->absent[i * 2 + 1]) return RESERVED;
  if (b->widths[index] & width) return DONE;
  return b->widths[index] == 0 ? RESERVED : WRONG_WIDTH;
}

static __attribute__((noinline)) uint32_t read_register(machine *m, handle *h, uint32_t offset, uint32_t width) {
  if (m->next_deadline <= m->now) abort();
  if (h->generation != m->generation || m->armed) abort();
  block *b = (uint64_t)offset + width > h->size ? 0 : h->block;
  uint32_t low = width >= 4 ? ~0u : (1u << (width << 3)) - 1;
  if (b) {
    uint32_t at = h->delta + offset, judgement = judge(b, at, width);
    low = judgement == DONE ? (b->image[at >> 2] >> ((at & 3) << 3)) & low : 0;
    trace(m, MMIO_READ, h->entity, at, low, 0, width | (judgement << 8), 0);
  } else {
    uint64_t address = h->base + offset;
    trace(m, MMIO_READ, ~0u, (uint32_t)address, low, 0, width | (UNANSWERED << 8), (uint32_t)(address >> 32));
  }
  if (m->next_deadline <= m->now + m->cost) abort();
  m->now += m->cost;
  return low;
}

int main(int argc, char **argv) {
  uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], 0, 10) : 1000000, head[10];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : 0;
  if (!file || fread(head, 4, 10, file) != 10) return 1;
  block b = {malloc(head[1]), malloc(head[1] / 4), head[1] / 4, head[7], malloc(head[7] * 8 + 1)};
  if (fread(b.absent, 8, head[7], file) != head[7] || fread(b.image, 4, b.dwords, file) != b.dwords || fread(b.widths, 1, b.dwords, file) != b.dwords) return 1;
  machine m = {((uint64_t)head[3] << 32) | head[2], ~(uint64_t)0, ((uint64_t)head[5] << 32) | head[4], head[6], 1, 0, 0, calloc(RECORDS, 32)};
  handle h = {1, head[0], head[1], 0, ((uint64_t)head[9] << 32) | head[8], &b};
  uint32_t sum = 0;
  for (uint32_t i = 0; i < CHECK; i++) sum += read_register(&m, &h, (i & 31) << 2, 4);
  uint64_t digest = m.digest;
  double best = 1e9;
  for (int round = 0; round < 5; round++) {
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (uint32_t i = 0; i < count; i++) sum += read_register(&m, &h, (i & 31) << 2, 4);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double ns = ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / count;
    if (ns < best) best = ns;
  }
  volatile uint32_t sink = sum;
  (void)sink;
  printf("%.3f %016llx\n", best, (unsigned long long)digest);
  return 0;
}
