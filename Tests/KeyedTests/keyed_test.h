/* SPDX-License-Identifier: Apache-2.0
 * What the tests of keyed state share: chance by seed, memory that is counted and may run out, a
 * store with its context, pieces, and the reference. */
#ifndef KEYED_TEST_H
#define KEYED_TEST_H

#include "mrr.h"
#include "mrr_keyed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what, ...)                                                                           \
  do {                                                                                             \
    if (!(what)) {                                                                                 \
      fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #what);                           \
      fprintf(stderr, __VA_ARGS__);                                                                \
      fprintf(stderr, " (KEYED_SEED=%llu)\n", (unsigned long long)test_seed);                      \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

enum { TABLES = 5, KEYS = 200, SUBKEYS = 24 };
enum { FIXED = 0, LISTS = 1, TTL_NOW = 2, TTL_MARK = 3, WIDE = 4 };

extern uint64_t test_seed;
extern const mr_table *const test_tables[TABLES];

uint32_t chance(uint32_t below);

/* ---- a store ------------------------------------------------------------------ */

typedef struct heap {
  uint64_t bytes;
  uint32_t failing; /* one of so many requests; 0: none */
} heap;

typedef struct store {
  heap heap;
  mrr_keyed *keyed;
  mr_ctx *context;
} store;

void store_open(store *s, uint32_t group_first, uint32_t group_last, uint64_t budget);
void store_close(store *s); /* checks that all memory came back */
mrr_memory store_memory(heap *h);

/* ---- pieces --------------------------------------------------------------------- */

typedef struct piece {
  uint32_t group;
  uint64_t size, room;
  uint8_t *bytes;
} piece;

typedef struct pieces {
  uint32_t count, room;
  piece *at;
} pieces;

void pieces_save(pieces *p, mrr_image *image);
void pieces_restore(const pieces *p, store *s);
void pieces_add(pieces *p, const pieces *more); /* copies */
void pieces_free(pieces *p);

/* ---- the reference: entries in one sorted array ----------------------------------- */

typedef struct item {
  uint32_t table;
  uint64_t hash;
  char key[24], subkey[24];
  uint32_t key_size, subkey_size, value_size;
  uint8_t *value;
  int64_t stamp;
  uint64_t serial; /* of the write */
} item;

typedef struct model {
  item *items;
  uint32_t count, room;
  int64_t now, watermark;
} model;

item item_of(uint32_t table, const mr_kv *kv);
int item_compare(const item *a, const item *b);
int model_alive(const model *m, const item *i);
item *model_find(const model *m, const item *i); /* NULL: not there, or expired */
void model_put(model *m, item i, const void *value, uint32_t size);
void model_remove(model *m, const item *i);
void model_copy(model *to, const model *from);
void model_free(model *m);
/* Does the store hold what the model does, seen through get, scan by group and scan by key? */
void model_check(const model *m, store *const *stores, uint32_t count);

/* ---- tests ------------------------------------------------------------------------- */

mr_kv random_kv(uint32_t table, char *room, uint32_t group_first, uint32_t group_last);
void test_differential(void);
void test_damage(void);
void test_rules(void);
void test_threads(void);

#endif
