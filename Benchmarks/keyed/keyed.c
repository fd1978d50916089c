/* SPDX-License-Identifier: Apache-2.0
 * Keyed state of the host, beside a table that does nothing else.
 *
 *   keyed [--keys 1000000] [--records 20000000] [--huge 1]
 *
 * Keys of 8 to 16 bytes with a value of 8 bytes. Each record takes a key by chance, in arrays of
 * 256, and adds one to its value through edit; each array is one call with its undo log. The limit
 * is an open-addressing table made by hand for just this, fed with the same hashes: it holds a
 * 16-byte key and the value in each slot, fetches nothing ahead, undoes nothing and saves nothing;
 * and the same with its slots fetched ahead. Then a freeze, the same records while the image is
 * held, its save, and an increment.
 *
 * One line of JSON on stdout. --huge 0: pages of 4 KiB from the kernel. */
#define _GNU_SOURCE
#include "mrr.h"
#include "mrr_keyed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { BATCH = 256, CLASSES = 40, CHUNK = 32 << 20 };

static struct {
  void *free[CLASSES];
  uint8_t *at, *end;
  uint64_t bytes, bytes_max;
  int huge;
} heap;

static uint8_t *mapped(uint64_t bytes) {
  uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    exit(1);
  madvise(at, bytes, heap.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return at;
}

/* Powers of two have lists of their own; -1: as large as it is. */
static int class_of(uint64_t bytes) {
  int class = 64 - __builtin_clzll(bytes - 1);
  return bytes == 1ull << class && bytes <= CHUNK ? class : -1;
}

static void *take(void *impl, uint64_t bytes) {
  (void)impl;
  int class = class_of(bytes);
  heap.bytes += bytes;
  heap.bytes_max = heap.bytes > heap.bytes_max ? heap.bytes : heap.bytes_max;
  if (class < 0)
    return bytes > 1 << 20 ? mapped(bytes) : malloc(bytes);
  if (heap.free[class]) {
    void **block = heap.free[class];
    heap.free[class] = *block;
    return block;
  }
  if (!heap.at || heap.at + bytes > heap.end) {
    heap.at = mapped(CHUNK);
    heap.end = heap.at + CHUNK;
  }
  heap.at += bytes;
  return heap.at - bytes;
}

static void give(void *impl, void *memory, uint64_t bytes) {
  (void)impl;
  int class = class_of(bytes);
  heap.bytes -= bytes;
  if (class >= 0) {
    *(void **)memory = heap.free[class];
    heap.free[class] = memory;
  } else if (bytes > 1 << 20) {
    munmap(memory, bytes);
  } else {
    free(memory);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static uint64_t chance(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545F4914F6CDD1Dull;
}

/* Keys lie as in records: one after the other, with their hashes beside them. */
typedef struct {
  char bytes[16];
  uint64_t hash;
  uint32_t size, slot;
} key;

static key *make_keys(uint64_t n) {
  key *keys = (key *)mapped(n * sizeof *keys);
  for (uint64_t i = 0; i < n; i++) {
    key *k = &keys[i];
    k->size = 8 + (uint32_t)(i % 9);
    memcpy(k->bytes, &i, 8);
    memset(k->bytes + 8, 'k', 8);
    k->hash = mrr_xxh3(k->bytes, k->size);
  }
  return keys;
}

static void write_batch(mr_ctx *c, mrr_keyed *s, const key *keys, const uint32_t *which,
                        uint32_t n) {
  mr_kv kv[BATCH];
  for (uint32_t i = 0; i < n; i++) {
    const key *k = &keys[which[i]];
    kv[i] = (mr_kv){k->hash, {k->bytes, k->size}, {"", 0}, {NULL, 0}, 0, 0};
  }
  mrr_keyed_begin(s, 0, 0);
  if (mrr_keyed_state_table.edit(c, 0, kv, n) != MR_OK) {
    fprintf(stderr, "keyed: edit failed\n");
    exit(1);
  }
  for (uint32_t i = 0; i < n; i++)
    ++*(uint64_t *)mr_kv_memory(&kv[i]);
  mrr_keyed_keep(s);
}

/* Some keys by chance, in the cache as those of a batch are that was just written. */
static void pick(const key *keys, uint64_t count, uint32_t *which, uint64_t *state) {
  static volatile uint64_t touched;
  for (uint32_t i = 0; i < BATCH; i++) {
    which[i] = (uint32_t)(chance(state) % count);
    __builtin_prefetch(&keys[which[i]]);
  }
  for (uint32_t i = 0; i < BATCH; i++)
    touched += keys[which[i]].hash;
}

/* Nanoseconds per record; *worst: of one call. */
static double run(mr_ctx *c, mrr_keyed *s, const key *keys, uint64_t count, uint64_t records,
                  double *worst) {
  uint64_t state = 42;
  double spent = 0;
  *worst = 0;
  for (uint64_t done = 0; done < records; done += BATCH) {
    static uint32_t which[BATCH];
    pick(keys, count, which, &state);
    double from = now();
    write_batch(c, s, keys, which, BATCH);
    double took = now() - from;
    spent += took;
    *worst = took > *worst ? took : *worst;
  }
  return spent * 1e9 / (double)records;
}

typedef struct {
  char bytes[16];
  uint64_t size, value;
} plain;

static uint64_t *plain_value(plain *table, uint64_t mask, const key *k) {
  for (uint64_t i = k->hash >> 20 & mask;; i = (i + 1) & mask) {
    if (table[i].size == k->size && memcmp(table[i].bytes, k->bytes, k->size) == 0)
      return &table[i].value;
    if (table[i].size == 0) {
      memcpy(table[i].bytes, k->bytes, k->size);
      table[i].size = k->size;
      return &table[i].value;
    }
  }
}

static double run_plain(const key *keys, uint64_t count, uint64_t records, int ahead) {
  uint64_t mask = 1, state = 42;
  while (mask < count * 3 / 2)
    mask *= 2;
  uint64_t bytes = mask-- * sizeof(plain);
  plain *table = (plain *)mapped(bytes);
  for (uint64_t i = 0; i < count; i++)
    plain_value(table, mask, &keys[i]);
  double spent = 0;
  for (uint64_t done = 0; done < records; done += BATCH) {
    static uint32_t which[BATCH];
    pick(keys, count, which, &state);
    double from = now();
    for (uint32_t i = 0; ahead && i < BATCH; i++)
      __builtin_prefetch(&table[keys[which[i]].hash >> 20 & mask]);
    for (uint32_t i = 0; i < BATCH; i++)
      ++*plain_value(table, mask, &keys[which[i]]);
    spent += now() - from;
  }
  munmap(table, bytes);
  return spent * 1e9 / (double)records;
}

static int64_t count_bytes(void *impl, const void *data, uint64_t size) {
  (void)data;
  *(uint64_t *)impl += size;
  return (int64_t)size;
}

static int64_t count_groups(void *impl, uint32_t group) {
  (void)impl, (void)group;
  return 0;
}

static void snapshots(mr_ctx *c, mrr_keyed *s, const key *keys, uint64_t count) {
  mrr_image *image;
  uint64_t full = 0, increment = 0, some = count / 50 / BATCH * BATCH;
  double worst, from = now();
  if (mrr_keyed_freeze(s, 1, 0, &image) != MR_OK)
    exit(1);
  double freeze = now() - from;
  double pinned = run(c, s, keys, count, count, &worst);
  uint64_t frozen = mrr_keyed_gauge(s).frozen;
  from = now();
  mrr_piece_sink sink = {&full, count_bytes, count_groups};
  if (mrr_keyed_save(image, &sink) != MR_OK)
    exit(1);
  double save = now() - from;
  mrr_keyed_complete(s, 1);
  mrr_keyed_release(s, image);
  while (mrr_keyed_sweep(s, 0, 0, 1024))
    ;
  if (mrr_keyed_freeze(s, 2, 0, &image) != MR_OK)
    exit(1);
  mrr_keyed_complete(s, 2);
  mrr_keyed_release(s, image);
  while (mrr_keyed_sweep(s, 0, 0, 1024))
    ;
  double unused;
  run(c, s, keys, count, some, &unused);
  from = now();
  if (mrr_keyed_freeze(s, 3, 0, &image) != MR_OK)
    exit(1);
  double freeze_increment = now() - from;
  sink.impl = &increment;
  mrr_keyed_save(image, &sink);
  mrr_keyed_release(s, image);
  printf(", \"freeze_ms\": %.3f, \"pinned_ns\": %.1f, \"pinned_call_us_max\": %.0f, "
         "\"frozen_mb\": %.1f, \"save_ms\": %.1f, \"save_mb\": %.1f, "
         "\"freeze_increment_ms\": %.3f, \"increment_mb\": %.2f",
         freeze * 1e3, pinned, worst * 1e6, (double)frozen / 1e6, save * 1e3, (double)full / 1e6,
         freeze_increment * 1e3, (double)increment / 1e6);
}

int main(int n, char **words) {
  uint64_t count = 1000000, records = 20000000;
  heap.huge = 1;
  for (int i = 1; i + 1 < n; i += 2) {
    uint64_t value = strtoull(words[i + 1], NULL, 10);
    if (strcmp(words[i], "--keys") == 0)
      count = value;
    else if (strcmp(words[i], "--records") == 0)
      records = value;
    else if (strcmp(words[i], "--huge") == 0)
      heap.huge = (int)value;
  }
  key *keys = make_keys(count);
  static const mr_table table = {sizeof table, 0, "counts", "", 1, 8, 0, MR_EVENT_TIME, 0};
  const mr_table *tables[] = {&table};
  mrr_memory memory = {NULL, take, give};
  mrr_keyed_shape shape = {tables, 1, 0, MRR_KEYED_GROUPS - 1, 0, UINT64_MAX, 64 << 20};
  mrr_keyed *s = mrr_keyed_make(memory, shape);
  mr_ctx *c = mrr_context_make(aligned_alloc(128, mrr_context_bytes()), 1, 1);
  mrr_context_keyed(c, s);
  double worst, from = now(), worst_insert = 0;
  uint64_t payload = 0;
  for (uint64_t i = 0; i < count; i += BATCH) {
    uint32_t which[BATCH], k = 0;
    for (; k < BATCH && i + k < count; k++)
      which[k] = (uint32_t)(i + k);
    double begun = now();
    write_batch(c, s, keys, which, k);
    worst_insert = now() - begun > worst_insert ? now() - begun : worst_insert;
  }
  double inserted = (now() - from) * 1e9 / (double)count;
  for (uint64_t i = 0; i < count; i++)
    payload += keys[i].size + 8;
  double edited = run(c, s, keys, count, records, &worst);
  double overhead = (double)(mrr_keyed_gauge(s).bytes - payload) / (double)count;
  double by_hand = run_plain(keys, count, records, 0), ahead = run_plain(keys, count, records, 1);
  printf("{\"keys\": %llu, \"insert_ns\": %.1f, \"insert_call_us_max\": %.0f, \"edit_ns\": %.1f, "
         "\"edit_call_us_max\": %.0f, \"by_hand_ns\": %.1f, \"by_hand_ahead_ns\": %.1f, "
         "\"overhead_bytes_per_key\": %.1f",
         (unsigned long long)count, inserted, worst_insert * 1e6, edited, worst * 1e6, by_hand,
         ahead, overhead);
  snapshots(c, s, keys, count);
  printf("}\n");
  mrr_keyed_drop(s);
  return 0;
}
