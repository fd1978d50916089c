/* SPDX-License-Identifier: Apache-2.0
 * The store and the reference do the same by chance; then they are compared.
 *
 * A round is some hundred calls on a store of one group range. Each call writes, reads, scans and
 * is kept or undone. Everything that was handed out is copied and compared when the call ends.
 * Memory may run out, by budget or by failing: then nothing may have happened. Between calls the
 * store is frozen now and then; the image is saved some calls later, its epoch completed or given
 * up. What was frozen then is restored into one, three and two stores and compared. */
#include "keyed_test.h"

enum { MANY = 300, EPOCHS = 64, OPEN = 3 };

typedef struct handed {
  mr_str bytes;
  uint8_t *copy;
} handed;

typedef struct frozen {
  mrr_image *image;
  uint64_t epoch;
  uint32_t save_in; /* calls */
  model as_was;
} frozen;

typedef struct world {
  store s;
  model m;
  uint32_t group_first, group_last;
  uint32_t handed_count;
  handed handed[4096];
  uint64_t epoch;
  frozen open[OPEN];
  pieces chains[EPOCHS]; /* what restores the epoch, if it is complete */
  uint64_t newest;       /* complete */
} world;

static world w;
static char rooms[MANY][64];

static void hand(mr_str bytes) {
  if (!bytes.data || w.handed_count == 4096)
    return;
  handed *h = &w.handed[w.handed_count++];
  h->bytes = bytes;
  h->copy = malloc(bytes.size + 1);
  memcpy(h->copy, bytes.data, bytes.size);
}

static void check_handed(void) {
  for (uint32_t i = 0; i < w.handed_count; i++) {
    handed *h = &w.handed[i];
    CHECK(!h->copy || !memcmp(h->copy, h->bytes.data, h->bytes.size), "handed-out bytes changed");
    free(h->copy);
  }
  w.handed_count = 0;
}

/* Bytes behind edit may change. */
static void forget(const void *memory) {
  for (uint32_t i = 0; i < w.handed_count; i++)
    if (w.handed[i].bytes.data == memory) {
      free(w.handed[i].copy);
      w.handed[i].copy = NULL;
    }
}

static void fill(mr_kv *kv, uint32_t n, uint32_t table) {
  for (uint32_t i = 0; i < n; i++)
    kv[i] = random_kv(table, rooms[i], w.group_first, w.group_last);
}

static void do_get(uint32_t table, uint32_t n) {
  mr_kv kv[MANY];
  fill(kv, n, table);
  mr_status status = mrr_keyed_state_table.get(w.s.context, table, kv, n);
  CHECK(status == MR_OK || status == MR_E_NOMEM, "get answers %d", status);
  for (uint32_t i = 0; i < n && status == MR_OK; i++) {
    item wanted = item_of(table, &kv[i]);
    const item *found = model_find(&w.m, &wanted);
    CHECK(!found == !kv[i].value.data, "get: there or not");
    if (found)
      CHECK(kv[i].value.size == found->value_size &&
                !memcmp(kv[i].value.data, found->value, found->value_size),
            "get: another value");
    hand(kv[i].value);
  }
}

static uint32_t size_by_chance(uint32_t table) {
  uint32_t fixed = test_tables[table]->value_size;
  return fixed ? fixed : chance(20) ? chance(90) : chance(3000);
}

static void do_put(uint32_t table, uint32_t n) {
  static uint8_t values[MANY][3000];
  mr_kv kv[MANY];
  fill(kv, n, table);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t size = size_by_chance(table);
    memset(values[i], (int)chance(256), size);
    kv[i].value = (mr_str){(char *)values[i], size};
  }
  mr_status status = mrr_keyed_state_table.put(w.s.context, table, kv, n);
  CHECK(status == MR_OK || status == MR_E_NOMEM, "put answers %d", status);
  for (uint32_t i = 0; i < n && status == MR_OK; i++)
    model_put(&w.m, item_of(table, &kv[i]), kv[i].value.data, (uint32_t)kv[i].value.size);
}

static void do_edit(uint32_t table, uint32_t n) {
  mr_kv kv[MANY];
  uint32_t size = test_tables[table]->value_size;
  fill(kv, n, table);
  for (uint32_t i = 0; i < n; i++)
    kv[i].value = (mr_str){"untouched", 9};
  mr_status status = mrr_keyed_state_table.edit(w.s.context, table, kv, n);
  if (!size) {
    CHECK(status == MR_E_INVALID, "edit of a table without a size");
    return;
  }
  CHECK(status == MR_OK || status == MR_E_NOMEM, "edit answers %d", status);
  for (uint32_t i = 0; i < n; i++) {
    if (status != MR_OK) {
      CHECK(kv[i].value.size == 9, "out fields were touched");
      continue;
    }
    item wanted = item_of(table, &kv[i]);
    const item *found = model_find(&w.m, &wanted);
    CHECK(!found == !!(kv[i].flags & MR_KV_NEW), "edit: new or not");
    uint8_t *memory = mr_kv_memory(&kv[i]);
    uint8_t zeros[504] = {0}, value[504];
    CHECK(kv[i].value.size == size && !memcmp(memory, found ? found->value : zeros, size),
          "edit: another value");
    CHECK(((uintptr_t)memory & 7) == 0, "edit: not aligned");
    forget(memory);
    memory[chance(size)] ^= (uint8_t)chance(256);
    memcpy(value, memory, size);
    model_put(&w.m, wanted, value, size);
  }
}

static void model_remove_prefix(uint32_t table, const mr_kv *kv) {
  item like = item_of(table, kv);
  for (uint32_t i = w.m.count; i-- > 0;) {
    item *at = &w.m.items[i];
    if (at->table == table && at->hash == like.hash && at->key_size == like.key_size &&
        !memcmp(at->key, like.key, like.key_size) && at->subkey_size >= like.subkey_size &&
        !memcmp(at->subkey, like.subkey, like.subkey_size) && model_alive(&w.m, at))
      model_remove(&w.m, at);
  }
}

static void do_remove(uint32_t table, uint32_t n) {
  mr_kv kv[MANY];
  n = n > 20 ? 20 : n;
  fill(kv, n, table);
  for (uint32_t i = 0; i < n; i++)
    kv[i].flags = chance(10) == 0 ? MR_KV_PREFIX : 0;
  mr_status status = mrr_keyed_state_table.remove(w.s.context, table, kv, n);
  CHECK(status == MR_OK || status == MR_E_NOMEM, "remove answers %d", status);
  for (uint32_t i = 0; i < n && status == MR_OK; i++) {
    item one = item_of(table, &kv[i]);
    if (kv[i].flags & MR_KV_PREFIX)
      model_remove_prefix(table, &kv[i]);
    else if (model_find(&w.m, &one))
      model_remove(&w.m, &one);
  }
}

static int in_range(const item *i, const mr_scan *q, const mr_kv *kv) {
  item from = item_of(i->table, kv), to = from;
  from.subkey_size = (uint32_t)q->from.size;
  to.subkey_size = (uint32_t)q->to.size;
  memcpy(from.subkey, q->from.data, q->from.size);
  memcpy(to.subkey, q->to.data, q->to.size);
  return i->hash == kv->key_hash && i->key_size == kv->key.size &&
         !memcmp(i->key, kv->key.data, kv->key.size) && item_compare(i, &from) >= 0 &&
         (q->to.size == 0 || item_compare(i, &to) < 0);
}

/* By key, some at a time; with nothing written in between it is exactly the reference. */
static void do_scan(uint32_t table) {
  char bounds[2][24];
  mr_kv key = random_kv(table, rooms[0], w.group_first, w.group_last), kv[8];
  mr_scan q = {.struct_size = sizeof q, .key_hash = key.key_hash, .key = key.key};
  int reverse = chance(2);
  q.flags = reverse ? MR_SCAN_REVERSE : 0;
  q.from = (mr_str){bounds[0], 0};
  q.to = (mr_str){bounds[1], 0};
  if (chance(2))
    q.from.size = (uint64_t)snprintf(bounds[0], 24, "%u", chance(SUBKEYS));
  if (chance(2))
    q.to.size = (uint64_t)snprintf(bounds[1], 24, "%u", chance(SUBKEYS));
  uint64_t room = 1 + chance(8), n = room;
  if (reverse && !(test_tables[table]->flags & MR_TABLE_ORDERED)) {
    CHECK(mrr_keyed_state_table.scan(w.s.context, table, &q, kv, room, &n) == MR_E_INVALID,
          "reverse without order");
    return;
  }
  uint32_t at = reverse ? w.m.count : 0;
  while (n == room) {
    CHECK(mrr_keyed_state_table.scan(w.s.context, table, &q, kv, room, &n) == MR_OK, "scan");
    for (uint64_t i = 0; i < n; i++) {
      const item *next = NULL;
      while (!next && (reverse ? at > 0 : at < w.m.count)) {
        const item *one = &w.m.items[reverse ? --at : at++];
        if (one->table == table && model_alive(&w.m, one) && in_range(one, &q, &key))
          next = one;
      }
      item seen = item_of(table, &kv[i]);
      CHECK(next && item_compare(next, &seen) == 0, "scan: another entry");
      CHECK(kv[i].value.size == next->value_size &&
                !memcmp(kv[i].value.data, next->value, next->value_size),
            "scan: another value");
      hand(kv[i].value);
      hand(kv[i].subkey);
    }
  }
  for (; reverse ? at > 0 : at < w.m.count; at += reverse ? 0 : 1) {
    const item *one = &w.m.items[reverse ? --at : at];
    CHECK(!(one->table == table && model_alive(&w.m, one) && in_range(one, &q, &key)),
          "scan: an entry is missing");
  }
}

/* By group, with writes in between: none twice, and none that was left alone is missing. */
static void do_scan_groups(uint32_t table) {
  static item seen[20000];
  uint32_t count = 0;
  model before;
  model_copy(&before, &w.m);
  mr_scan q = {.struct_size = sizeof q, .flags = MR_SCAN_GROUPS};
  q.group_first = w.group_first;
  q.group_last = w.group_last;
  mr_kv kv[16];
  for (uint64_t n = 16; n == 16;) {
    CHECK(mrr_keyed_state_table.scan(w.s.context, table, &q, kv, 16, &n) == MR_OK, "scan");
    for (uint64_t i = 0; i < n; i++) {
      hand(kv[i].value);
      seen[count++] = item_of(table, &kv[i]);
    }
    if (chance(3) == 0)
      do_put(table, 1 + chance(20));
    if (chance(3) == 0)
      do_remove(table, 1 + chance(6));
  }
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t k = 0; k < i; k++)
      CHECK(item_compare(&seen[i], &seen[k]) != 0, "scan: an entry twice");
  for (uint32_t i = 0; i < before.count; i++) {
    const item *old = &before.items[i], *now = model_find(&w.m, old);
    if (old->table != table || !now || now->serial != old->serial)
      continue;
    uint32_t k = 0;
    while (k < count && item_compare(&seen[k], old) != 0)
      k++;
    CHECK(k < count, "scan: an entry is missing");
  }
  model_free(&before);
}

static void call(void) {
  model before;
  int undo = chance(4) == 0;
  w.m.now += chance(60);
  w.m.watermark += chance(40);
  mrr_keyed_begin(w.s.keyed, w.m.now, w.m.watermark);
  model_copy(&before, &w.m);
  for (uint32_t i = chance(30) ? 1 + chance(6) : 20; i > 0; i--) {
    uint32_t table = chance(TABLES), n = 1 + chance(chance(8) ? 12 : MANY - 1);
    switch (chance(8)) {
    case 0:
    case 1:
      do_put(table, n);
      break;
    case 2:
    case 3:
      do_edit(table, n);
      break;
    case 4:
      do_get(table, n);
      break;
    case 5:
      do_remove(table, n);
      break;
    case 6:
      do_scan(table);
      break;
    default:
      do_scan_groups(table);
    }
  }
  check_handed();
  if (undo) {
    mrr_keyed_undo(w.s.keyed);
    model_free(&w.m);
    w.m = before;
  } else {
    mrr_keyed_keep(w.s.keyed);
    model_free(&before);
  }
}

static void restore_parts(const pieces *p, const model *m, uint32_t parts, pieces *saved) {
  store parted[3], *list[3] = {NULL};
  for (uint32_t i = 0; i < parts; i++) {
    store_open(&parted[i], i * 1024 / parts, (i + 1) * 1024 / parts - 1, UINT64_MAX);
    list[i] = &parted[i];
    pieces_restore(p, &parted[i]);
  }
  model_check(m, list, parts);
  for (uint32_t i = 0; i < parts; i++) {
    mrr_image *image;
    if (saved) {
      CHECK(mrr_keyed_freeze(parted[i].keyed, 1000, 0, &image) == MR_OK, "freeze");
      CHECK(mrr_image_full(image, NULL), "the first image after a restore is not full");
      pieces_save(saved, image);
      mrr_keyed_release(parted[i].keyed, image);
    }
    store_close(&parted[i]);
  }
}

static void finish(frozen *f) {
  pieces own = {0}, of_three = {0};
  uint64_t base = 0;
  int full = mrr_image_full(f->image, &base);
  pieces_save(&own, f->image);
  if (chance(5) < 3 && f->epoch > w.newest) {
    pieces *chain = &w.chains[f->epoch];
    if (!full)
      pieces_add(chain, &w.chains[base]);
    pieces_add(chain, &own);
    mrr_keyed_complete(w.s.keyed, f->epoch);
    w.newest = f->epoch;
    restore_parts(chain, &f->as_was, 1, NULL);
    restore_parts(chain, &f->as_was, 3, &of_three);
    restore_parts(&of_three, &f->as_was, 2, NULL);
  }
  mrr_keyed_release(w.s.keyed, f->image);
  pieces_free(&own);
  pieces_free(&of_three);
  model_free(&f->as_was);
  f->image = NULL;
}

static void snapshot(void) {
  frozen *f = &w.open[chance(OPEN)];
  if (f->image || w.epoch + 1 == EPOCHS)
    return;
  mr_status status =
      mrr_keyed_freeze(w.s.keyed, w.epoch + 1, chance(8) ? 0 : MRR_FREEZE_FULL, &f->image);
  if (status != MR_OK) {
    CHECK(status == MR_E_NOMEM || status == MR_AGAIN, "freeze answers %d", status);
    f->image = NULL;
    return;
  }
  f->epoch = ++w.epoch;
  f->save_in = chance(12);
  model_copy(&f->as_was, &w.m);
}

void test_differential(void) {
  static const uint32_t ranges[][2] = {{0, 1023}, {200, 700}, {0, 511}};
  memset(&w, 0, sizeof w);
  uint32_t range = chance(3);
  w.group_first = ranges[range][0];
  w.group_last = ranges[range][1];
  store_open(&w.s, w.group_first, w.group_last, chance(3) ? UINT64_MAX : 2u << 20);
  w.s.heap.failing = chance(3) ? 0 : 60;
  for (uint32_t i = 0; i < 250; i++) {
    call();
    if (chance(6) == 0)
      snapshot();
    for (uint32_t k = 0; k < OPEN; k++)
      if (w.open[k].image && w.open[k].save_in-- == 0)
        finish(&w.open[k]);
    store *one = &w.s;
    if (chance(20) == 0) {
      uint32_t failing = w.s.heap.failing;
      w.s.heap.failing = 0;
      model_check(&w.m, &one, 1);
      w.s.heap.failing = failing;
    }
    if (chance(10) == 0)
      mrr_keyed_sweep(w.s.keyed, w.m.now, w.m.watermark, 5000);
  }
  for (uint32_t i = 0; i < EPOCHS; i++)
    pieces_free(&w.chains[i]);
  for (uint32_t i = 0; i < OPEN; i++)
    if (w.open[i].image)
      model_free(&w.open[i].as_was);
  store_close(&w.s);
  model_free(&w.m);
}
