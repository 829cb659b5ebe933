// The decode of assembly/fabric/routing.ts in C: window, host bridge decoders from register images, target list, port number.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct { uint64_t base, size; uint32_t shift, ways, targets[16]; } window;
typedef struct { uint32_t base_low, base_high, size_low, size_high, control, list_low, list_high, reserved; } decoder;
// Set at run time, so that nothing is folded into constants.
window windows[1];
decoder decoders[4];
uint32_t port_numbers[2];
static volatile uint32_t window_count = 1, decoder_count = 4, port_count = 2;

static uint64_t join(uint32_t high, uint32_t low) { return ((uint64_t)high << 32) | low; }

static __attribute__((noinline)) uint32_t route(uint64_t address) {
  for (uint32_t i = 0; i < window_count; i++) {
    window *w = &windows[i];
    if (address < w->base || address - w->base >= w->size) continue;
    uint64_t chunk = address >> w->shift;
    uint32_t way = (w->ways & (w->ways - 1)) == 0 ? (uint32_t)chunk & (w->ways - 1) : (uint32_t)(chunk % w->ways);
    if (w->targets[way] != 0) continue;
    for (uint32_t d = 0; d < decoder_count; d++) {
      decoder *x = &decoders[d];
      if (!(x->control & 0x400)) continue;
      uint64_t base = join(x->base_high, x->base_low);
      if (address < base || address - base >= join(x->size_high, x->size_low)) continue;
      uint32_t select = (uint32_t)(address >> ((x->control & 15) + 8)) & ((1u << ((x->control >> 4) & 15)) - 1);
      uint32_t list = select & 4 ? x->list_high : x->list_low;
      uint32_t target = (list >> ((select & 3) << 3)) & 0xff;
      for (uint32_t p = 0; p < port_count; p++) if (port_numbers[p] == target) return p;
      return ~0u;
    }
    return ~0u;
  }
  return ~0u;
}

int main(int argc, char **argv) {
  uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], 0, 10) : 1000000;
  windows[0] = (window){(uint64_t)16 << 30, (uint64_t)4 << 30, 8, (uint32_t)argc - 1, {0}};
  port_numbers[1] = (uint32_t)argc - 1;
  for (uint32_t n = 0; n < 4; n++) {
    uint64_t base = ((uint64_t)16 << 30) + ((uint64_t)n << 30);
    decoders[n] = (decoder){(uint32_t)base, (uint32_t)(base >> 32), 1u << 30, 0, 0x1610, 0x100, 0, 0};
  }
  double best = 1e9;
  volatile uint32_t sink = 0;
  for (int round = 0; round < 5; round++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    uint32_t state = 1, sum = 0;
    for (uint32_t i = 0; i < count; i++) {
      state = state * 1664525u + 1013904223u;
      sum += route(((uint64_t)16 << 30) + ((uint64_t)(state & 0xffffffc0u)));
    }
    sink = sum;
    clock_gettime(CLOCK_MONOTONIC, &b);
    double ns = ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / count;
    if (ns < best) best = ns;
  }
  (void)sink;
  printf("%.3f\n", best);
  return 0;
}
