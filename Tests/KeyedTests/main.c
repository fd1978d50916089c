/* SPDX-License-Identifier: Apache-2.0
 * keyed-test [differential|damage|rules|threads [ROUNDS]]
 *
 * Keyed state of the host, beside a sorted array. KEYED_SEED=… repeats one seed. */
#include "keyed_test.h"

uint64_t test_seed;
static uint64_t state;

static const mr_table tables[TABLES] = {
    {sizeof(mr_table), 0, "counts", "", 1, 8, 0, MR_EVENT_TIME, 0},
    {sizeof(mr_table), MR_TABLE_ORDERED, "lists", "", 1, 0, 0, MR_EVENT_TIME, 0},
    {sizeof(mr_table), 0, "recent", "", 1, 20, 1000, MR_PROCESSING_TIME, 0},
    {sizeof(mr_table), MR_TABLE_ORDERED, "windows", "", 1, 0, 700, MR_EVENT_TIME, 0},
    {sizeof(mr_table), 0, "wide", "", 1, 504, 0, MR_EVENT_TIME, 0},
};
const mr_table *const test_tables[TABLES] = {&tables[0], &tables[1], &tables[2], &tables[3],
                                             &tables[4]};

uint32_t chance(uint32_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545F4914F6CDD1Dull) >> 33) % below;
}

static void *take(void *impl, uint64_t bytes) {
  heap *h = impl;
  if (h->failing && chance(h->failing) == 0)
    return NULL;
  h->bytes += bytes;
  void *memory = malloc(bytes);
  memset(memory, 0xA5, bytes);
  return memory;
}

/* Overwritten, so that what was handed out and freed too early is seen without a sanitizer. */
static void give(void *impl, void *memory, uint64_t bytes) {
  heap *h = impl;
  h->bytes -= bytes;
  memset(memory, 0x5A, bytes);
  free(memory);
}

mrr_memory store_memory(heap *h) { return (mrr_memory){h, take, give}; }

void store_open(store *s, uint32_t group_first, uint32_t group_last, uint64_t budget) {
  memset(s, 0, sizeof *s);
  mrr_keyed_shape shape = {
      test_tables, TABLES, group_first, group_last, 0, budget, chance(4) ? 1 << 20 : 1 << 16};
  s->keyed = mrr_keyed_make(store_memory(&s->heap), shape);
  CHECK(s->keyed, "no store");
  s->context = mrr_context_make(calloc(1, mrr_context_bytes()), 1, 1);
  mrr_context_keyed(s->context, s->keyed);
}

void store_close(store *s) {
  mrr_keyed_drop(s->keyed);
  free(s->context);
  CHECK(s->heap.bytes == 0, "%llu bytes did not come back", (unsigned long long)s->heap.bytes);
}

static int64_t piece_group(void *impl, uint32_t group) {
  pieces *p = impl;
  if (p->count == p->room) {
    p->room = p->room ? p->room * 2 : 64;
    p->at = realloc(p->at, p->room * sizeof *p->at);
  }
  p->at[p->count++] = (piece){group, 0, 0, NULL};
  return 0;
}

/* Takes less than it is offered now and then, as a stream may. */
static int64_t piece_write(void *impl, const void *data, uint64_t size) {
  pieces *p = impl;
  piece *to = &p->at[p->count - 1];
  uint64_t n = size > 100 && (to->size & 7) == 0 ? size / 2 : size;
  if (to->size + n > to->room) {
    to->room = (to->size + n) * 2;
    to->bytes = realloc(to->bytes, to->room);
  }
  memcpy(to->bytes + to->size, data, n);
  to->size += n;
  return (int64_t)n;
}

void pieces_save(pieces *p, mrr_image *image) {
  mrr_piece_sink sink = {p, piece_write, piece_group};
  CHECK(mrr_keyed_save(image, &sink) == MR_OK, "save");
}

void pieces_restore(const pieces *p, store *s) {
  mrr_restore_report report = {0};
  for (uint32_t i = 0; i < p->count; i++) {
    mr_status status = mrr_keyed_restore_piece(s->keyed, p->at[i].bytes, p->at[i].size, &report);
    CHECK(status == MR_OK, "piece %u of group %u: %s", i, p->at[i].group, report.reason);
  }
  CHECK(mrr_keyed_restore_end(s->keyed, NULL, &report) == MR_OK, "%s", report.reason);
}

void pieces_add(pieces *p, const pieces *more) {
  for (uint32_t i = 0; i < more->count; i++) {
    piece_group(p, more->at[i].group);
    piece *to = &p->at[p->count - 1];
    *to = more->at[i];
    to->bytes = malloc(to->room);
    memcpy(to->bytes, more->at[i].bytes, to->size);
  }
}

void pieces_free(pieces *p) {
  for (uint32_t i = 0; i < p->count; i++)
    free(p->at[i].bytes);
  free(p->at);
  *p = (pieces){0};
}

/* Few keys in few groups, so that they meet; some keys are long. */
mr_kv random_kv(uint32_t table, char *room, uint32_t group_first, uint32_t group_last) {
  mr_kv kv = {0};
  do {
    int size = snprintf(room, 24, "key%0*u", chance(3) ? 1 : 12, chance(KEYS));
    kv.key = (mr_str){room, (uint64_t)size};
    kv.key_hash = mrr_xxh3(room, (uint64_t)size);
    kv.key_hash = (kv.key_hash & ~1023ull) | (kv.key_hash % 37 * 29 & 1023);
  } while ((kv.key_hash & 1023) < group_first || (kv.key_hash & 1023) > group_last);
  if (table != FIXED && chance(4)) {
    int size = snprintf(room + 32, 24, "%0*u", 1 + (int)chance(3), chance(SUBKEYS));
    kv.subkey = (mr_str){room + 32, (uint64_t)size};
  }
  return kv;
}

static const struct {
  const char *name;
  void (*run)(void);
  uint32_t rounds;
} tests[] = {{"rules", test_rules, 1},
             {"differential", test_differential, 12},
             {"damage", test_damage, 10},
             {"threads", test_threads, 4}};

int main(int n, char **words) {
  const char *seed = getenv("KEYED_SEED");
  for (uint32_t t = 0; t < sizeof tests / sizeof *tests; t++) {
    uint32_t rounds = n > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : tests[t].rounds;
    if (n > 1 && strcmp(words[1], tests[t].name) != 0)
      continue;
    for (uint32_t round = 0; round < (seed ? 1 : rounds); round++) {
      test_seed = seed ? strtoull(seed, NULL, 10) : round + 1;
      state = (test_seed + 1) * 0x9E3779B97F4A7C15ull;
      tests[t].run();
    }
    printf("keyed: %s: %u rounds\n", tests[t].name, seed ? 1 : rounds);
  }
  return 0;
}
