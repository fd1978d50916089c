/* SPDX-License-Identifier: Apache-2.0
 * Two images are saved by two threads while this one writes; each is what was there at its freeze.
 * Meant for ThreadSanitizer: creating and joining a thread are the hand-overs that the host owes.
 */
#include "keyed_test.h"

#include <pthread.h>

enum { NUMBERS = 3000, SAVES = 2 };

typedef struct saving {
  pthread_t thread;
  mrr_image *image;
  pieces out;
  uint64_t epoch;
  uint64_t expected[NUMBERS];
} saving;

static uint64_t numbers[NUMBERS];
static saving saves[SAVES];

static mr_kv number_kv(char *room, uint32_t number) {
  mr_kv kv = {0};
  kv.key = (mr_str){room, (uint64_t)snprintf(room, 24, "number%u", number)};
  kv.key_hash = mrr_xxh3(room, kv.key.size);
  kv.subkey = (mr_str){"", 0};
  return kv;
}

/* Counts up in one table, and puts as many bytes as was counted into another. */
static void write_some(store *s) {
  static char rooms[64][24];
  static char text[2000];
  mr_kv kv[64];
  int undo = chance(8) == 0;
  uint32_t which[64];
  for (uint32_t i = 0; i < 64; i++)
    kv[i] = number_kv(rooms[i], which[i] = chance(NUMBERS));
  mrr_keyed_begin(s->keyed, 0, 0);
  CHECK(mrr_keyed_state_table.edit(s->context, FIXED, kv, 64) == MR_OK, "edit");
  for (uint32_t i = 0; i < 64; i++) {
    uint64_t *value = mr_kv_memory(&kv[i]);
    ++*value;
    kv[i].value = (mr_str){text, *value * 37 % sizeof text};
  }
  CHECK(mrr_keyed_state_table.put(s->context, LISTS, kv, 64) == MR_OK, "put");
  if (undo) {
    mrr_keyed_undo(s->keyed);
    return;
  }
  for (uint32_t i = 0; i < 64; i++)
    numbers[which[i]]++;
  mrr_keyed_keep(s->keyed);
}

static void *save(void *argument) {
  saving *v = argument;
  pieces_save(&v->out, v->image);
  return NULL;
}

static void begin_saving(store *s, saving *v, uint64_t epoch) {
  CHECK(mrr_keyed_freeze(s->keyed, epoch, 0, &v->image) == MR_OK, "freeze");
  v->epoch = epoch;
  memcpy(v->expected, numbers, sizeof numbers);
  CHECK(pthread_create(&v->thread, NULL, save, v) == 0, "no thread");
}

static void check_saved(const pieces *chain, const saving *v) {
  store s;
  char room[24];
  store_open(&s, 0, 1023, UINT64_MAX);
  pieces_restore(chain, &s);
  mrr_keyed_begin(s.keyed, 0, 0);
  for (uint32_t i = 0; i < NUMBERS; i++) {
    mr_kv kv = number_kv(room, i);
    CHECK(mrr_keyed_state_table.get(s.context, FIXED, &kv, 1) == MR_OK, "get");
    uint64_t value = 0;
    if (kv.value.data)
      memcpy(&value, kv.value.data, 8);
    CHECK(value == v->expected[i], "%llu", (unsigned long long)value);
    CHECK(mrr_keyed_state_table.get(s.context, LISTS, &kv, 1) == MR_OK, "get");
    CHECK(!value == !kv.value.data && kv.value.size <= 2000, "text");
  }
  mrr_keyed_keep(s.keyed);
  store_close(&s);
}

void test_threads(void) {
  store s;
  pieces chain = {0};
  uint64_t epoch = 0, base = 0, complete = 0;
  memset(numbers, 0, sizeof numbers);
  store_open(&s, 0, 1023, UINT64_MAX);
  for (uint32_t i = 0; i < 100; i++)
    write_some(&s);
  begin_saving(&s, &saves[0], ++epoch);
  for (uint32_t round = 0; round < 12; round++) {
    saving *older = &saves[round % SAVES], *newer = &saves[(round + 1) % SAVES];
    for (uint32_t i = 0; i < 20; i++)
      write_some(&s);
    begin_saving(&s, newer, ++epoch);
    for (uint32_t i = 0; i < 40; i++)
      write_some(&s);
    CHECK(pthread_join(older->thread, NULL) == 0, "join");
    int full = mrr_image_full(older->image, &base);
    if (chance(3) && (full || base == complete)) {
      if (full)
        pieces_free(&chain);
      pieces_add(&chain, &older->out);
      check_saved(&chain, older);
      mrr_keyed_complete(s.keyed, complete = older->epoch);
    }
    mrr_keyed_release(s.keyed, older->image);
    pieces_free(&older->out);
  }
  saving *last = &saves[0];
  CHECK(pthread_join(last->thread, NULL) == 0, "join");
  pieces_free(&last->out);
  pieces_free(&chain);
  store_close(&s);
}
