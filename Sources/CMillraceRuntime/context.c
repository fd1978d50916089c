/* SPDX-License-Identifier: Apache-2.0
 * Contexts: the services of mr_host that need nothing but the task.
 *
 * A context outlives its instance, so a wake from a stray thread finds a chain that has ended and
 * does nothing. The text of an error may come from any thread: the first to take `busy` writes,
 * another one at the same moment is dropped. */
#include "keyed.h"
#include "layout.h"

uint64_t mrr_context_bytes(void) {
  return (sizeof(struct mr_ctx) + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
}

mr_ctx *mrr_context_make(void *memory, uint64_t tag, uint64_t seed) {
  mr_ctx *c = memory;
  c->tag = tag;
  c->random = seed * 0x9E3779B97F4A7C15ull + 0x632BE59BD9B4E019ull;
  return c;
}

uint64_t mrr_context_tag(const mr_ctx *c) { return c->tag; }

mrr_cells *mrr_context_cells(mr_ctx *c) { return c->task ? c->task->cells : NULL; }

void mrr_context_keyed(mr_ctx *c, mrr_keyed *s) { c->keyed = s; }

mrr_keyed *mrr_keyed_of(const mr_ctx *c) { return c->keyed; }

void mrr_host_set_error(mr_ctx *c, mr_status code, const char *text, uint64_t size) {
  if (mrr_flag_take(&c->busy, 1))
    return;
  c->code = code;
  c->size = text ? (uint32_t)(size < sizeof c->text ? size : sizeof c->text) : 0;
  memcpy(c->text, text ? text : "", c->size);
  mrr_flag_announce(&c->busy, 0);
}

uint32_t mrr_context_error(mr_ctx *c, char *text, uint32_t room, mr_status *code) {
  if (mrr_flag_take(&c->busy, 1))
    return 0;
  uint32_t n = c->size < room ? c->size : room;
  memcpy(text, c->text, n);
  *code = c->code;
  mrr_flag_announce(&c->busy, 0);
  return n;
}

void mrr_host_wake(mr_ctx *c) {
  if (c->task && c->task->chain)
    mrr_chain_wake(c->task->chain);
}

/* xorshift64*, Vigna 2016: enough for sampling and jitter, not for secrets. */
uint64_t mrr_host_random(mr_ctx *c) {
  uint64_t x = c->random ? c->random : 1;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  c->random = x;
  return x * 0x2545F4914F6CDD1Dull;
}

uint64_t mrr_host_hash(const void *key, uint64_t size) { return mrr_xxh3(key, size); }

void mrr_observe(mr_histogram *h, uint64_t value) {
  mrr_histogram_cells *cells = (mrr_histogram_cells *)(void *)h;
  uint32_t at;
  if (value < 8) {
    at = (uint32_t)value;
  } else {
    uint32_t e = 63 - (uint32_t)__builtin_clzll(value);
    at = 8 * (e - 2) + (uint32_t)(value >> (e - 3) & 7);
  }
  at = at < MRR_BUCKETS ? at : MRR_BUCKETS - 1;
  mrr_cell_add(&cells->bucket[at], 1);
  mrr_cell_add(&cells->count, 1);
  mrr_cell_add(&cells->sum, value);
  if (value > cells->max)
    mrr_cell_set(&cells->max, value);
}
