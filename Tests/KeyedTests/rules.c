/* SPDX-License-Identifier: Apache-2.0
 * Rules that chance would meet too seldom: limits, foreign groups, contexts without a store, the
 * first watermark, budgets, migration, what an increment holds. One function for each. */
#include "keyed_test.h"

static const mr_host_keyed_state *const api = &mrr_keyed_state_table;

static mr_kv named(const char *key, const char *value) {
  mr_kv kv = {mrr_xxh3(key, strlen(key)), {key, strlen(key)}, {"", 0}, {value, 0}, 0, 0};
  kv.value.size = value ? strlen(value) : 0;
  return kv;
}

static mr_status put_one(store *s, uint32_t table, const char *key, const char *value) {
  mr_kv kv = named(key, value);
  mrr_keyed_begin(s->keyed, 0, 0);
  mr_status status = api->put(s->context, table, &kv, 1);
  mrr_keyed_keep(s->keyed);
  return status;
}

static void limits(void) {
  store s;
  static char large[(1 << 20) + 1];
  store_open(&s, 0, 1023, UINT64_MAX);
  mr_kv kv = named("a", "12345678"), two[2] = {kv, named("b", "1234567")};
  CHECK(api->put(s.context, FIXED, &kv, 1) == MR_E_INVALID, "outside of a call");
  mrr_keyed_begin(s.keyed, 0, 0);
  CHECK(api->put(s.context, TABLES, &kv, 1) == MR_E_INVALID, "no such table");
  CHECK(api->put(s.context, FIXED, two, 2) == MR_E_INVALID, "another size of value");
  CHECK(api->get(s.context, FIXED, two, 1) == MR_OK && !two[0].value.data, "half a put");
  kv.value = (mr_str){large, sizeof large};
  CHECK(api->put(s.context, LISTS, &kv, 1) == MR_E_TOO_LARGE, "value");
  kv.value.size--;
  CHECK(api->put(s.context, LISTS, &kv, 1) == MR_OK, "the largest value");
  kv.key = (mr_str){large, 65536};
  CHECK(api->get(s.context, LISTS, &kv, 1) == MR_E_TOO_LARGE, "key");
  kv.key.size = 65535;
  kv.subkey = (mr_str){large, 65535};
  CHECK(api->put(s.context, LISTS, &kv, 1) == MR_OK, "the largest entry");
  CHECK(api->get(s.context, LISTS, &kv, 1) == MR_OK && kv.value.size == 1 << 20, "its value");
  kv.subkey.size++;
  CHECK(api->remove(s.context, LISTS, &kv, 1) == MR_E_TOO_LARGE, "subkey");
  mrr_keyed_keep(s.keyed);
  CHECK(mrr_keyed_gauge(s.keyed).entries == 2, "entries");
  CHECK(mrr_keyed_table_gauge(s.keyed, LISTS).bytes > 2 << 20, "bytes");
  mrr_context_keyed(s.context, NULL);
  CHECK(api->get(s.context, FIXED, &kv, 1) == MR_E_INVALID, "no store");
  store_close(&s);
}

static void groups(void) {
  store s;
  store_open(&s, 100, 199, UINT64_MAX);
  mr_kv kv = named("key", "12345678");
  mrr_keyed_begin(s.keyed, 0, 0);
  static const struct {
    uint32_t group;
    mr_status status;
  } cases[] = {{99, MR_E_INVALID}, {100, MR_OK}, {199, MR_OK}, {200, MR_E_INVALID}};
  for (uint32_t i = 0; i < 4; i++) {
    kv.key_hash = (kv.key_hash & ~1023ull) | cases[i].group;
    CHECK(api->put(s.context, FIXED, &kv, 1) == cases[i].status, "group %u", cases[i].group);
  }
  mr_scan q = {.flags = MR_SCAN_GROUPS, .group_first = 99, .group_last = 120};
  uint64_t n;
  CHECK(api->scan(s.context, FIXED, &q, &kv, 1, &n) == MR_E_INVALID, "a foreign group");
  mrr_keyed_keep(s.keyed);
  store_close(&s);
}

/* What is written before the first watermark lives for its ttl from when it is met. */
static void first_watermark(void) {
  store s;
  store_open(&s, 0, 1023, UINT64_MAX);
  mr_kv kv = named("early", "x");
  mrr_keyed_begin(s.keyed, 0, INT64_MIN);
  CHECK(api->put(s.context, TTL_MARK, &kv, 1) == MR_OK, "put");
  mrr_keyed_keep(s.keyed);
  mrr_keyed_sweep(s.keyed, 0, 5000, 100000);
  static const int64_t at[] = {5000, 5699, 5700};
  for (uint32_t i = 0; i < 3; i++) {
    mrr_keyed_begin(s.keyed, 0, at[i]);
    CHECK(api->get(s.context, TTL_MARK, &kv, 1) == MR_OK, "get");
    CHECK(!kv.value.data == (i == 2), "at %lld", (long long)at[i]);
    mrr_keyed_keep(s.keyed);
  }
  mrr_keyed_sweep(s.keyed, 0, 5700, 100000);
  CHECK(mrr_keyed_gauge(s.keyed).entries == 0, "it was not swept");
  store_close(&s);
}

/* A put beyond the budget does nothing, and room that is given back can be used again. */
static void budget(void) {
  store s;
  static char text[30001];
  memset(text, 'x', 30000);
  store_open(&s, 0, 1023, 2u << 20);
  uint32_t fitting = 0;
  char key[16];
  for (mr_status status = MR_OK; status == MR_OK; fitting++) {
    snprintf(key, sizeof key, "%u", fitting);
    status = put_one(&s, LISTS, key, text);
    CHECK(status == MR_OK || status == MR_E_NOMEM, "answers %d", status);
  }
  CHECK(mrr_keyed_gauge(s.keyed).bytes <= 2u << 20, "beyond the budget");
  CHECK(mrr_keyed_gauge(s.keyed).entries == fitting - 1 && fitting > 20, "entries");
  mr_kv kv = named("0", NULL);
  mrr_keyed_begin(s.keyed, 0, 0);
  CHECK(api->remove(s.context, LISTS, &kv, 1) == MR_OK, "remove");
  mrr_keyed_keep(s.keyed);
  CHECK(put_one(&s, LISTS, "again", text) == MR_OK, "room that came back");
  store_close(&s);
}

static uint64_t saved_bytes(store *s, uint64_t epoch, uint32_t flags, int complete) {
  pieces p = {0};
  mrr_image *image;
  uint64_t bytes = 0;
  CHECK(mrr_keyed_freeze(s->keyed, epoch, flags, &image) == MR_OK, "freeze");
  pieces_save(&p, image);
  for (uint32_t i = 0; i < p.count; i++)
    bytes += p.at[i].size;
  if (complete)
    mrr_keyed_complete(s->keyed, epoch);
  mrr_keyed_release(s->keyed, image);
  pieces_free(&p);
  return bytes;
}

/* C10: what was frozen for an epoch that was given up is in the next increment again. */
static void increments(void) {
  store s;
  store_open(&s, 0, 1023, UINT64_MAX);
  CHECK(put_one(&s, FIXED, "one", "11111111") == MR_OK, "put");
  uint64_t full = saved_bytes(&s, 1, 0, 1);
  CHECK(full > 0 && saved_bytes(&s, 2, 0, 1) == 0, "nothing changed, something written");
  CHECK(put_one(&s, FIXED, "two", "22222222") == MR_OK, "put");
  uint64_t given_up = saved_bytes(&s, 3, 0, 0);
  CHECK(given_up > 0 && saved_bytes(&s, 4, 0, 0) == given_up, "lost with its epoch");
  CHECK(saved_bytes(&s, 5, 0, 1) == given_up, "lost with its epoch");
  CHECK(saved_bytes(&s, 6, 0, 1) == 0 && saved_bytes(&s, 7, MRR_FREEZE_FULL, 1) > full, "full");
  mrr_image *images[MRR_KEYED_IMAGES], *more;
  for (uint32_t i = 0; i < MRR_KEYED_IMAGES; i++)
    CHECK(mrr_keyed_freeze(s.keyed, 8 + i, 0, &images[i]) == MR_OK, "freeze");
  CHECK(mrr_keyed_freeze(s.keyed, 20, 0, &more) == MR_AGAIN, "too many images");
  store_close(&s);
}

/* Of a page that changed, an increment has the entries that did. */
static void changed_entries(void) {
  store s;
  char keys[8][8];
  mr_kv kv[8];
  uint64_t bytes[3];
  store_open(&s, 0, 1023, UINT64_MAX);
  for (uint32_t i = 0; i < 8; i++) {
    snprintf(keys[i], sizeof keys[i], "key%u", i);
    kv[i] = (mr_kv){(uint64_t)i << 32 | 5, {keys[i], 4}, {"", 0}, {"12345678", 8}, 0, 0};
  }
  for (uint32_t i = 0; i < 3; i++) {
    mrr_keyed_begin(s.keyed, 0, 0);
    CHECK(api->edit(s.context, FIXED, kv, i == 1 ? 1 : 8) == MR_OK, "edit");
    mrr_keyed_keep(s.keyed);
    bytes[i] = saved_bytes(&s, i + 1, 0, 1);
  }
  CHECK(bytes[2] == bytes[0] && bytes[2] - bytes[1] == 7 * 40, "entries of 40 bytes");
  store_close(&s);
}

static const mr_table renamed[] = {
    {sizeof(mr_table), 0, "lists", "", 2, 0, 1000, MR_EVENT_TIME, 0},
    {sizeof(mr_table), 0, "counts", "", 1, 8, 0, MR_EVENT_TIME, 0},
};

/* Version 1 was the value; version 2 has it in reverse, and once more under the subkey "old". */
static mr_status migrate(void *impl, const char *table, uint32_t version, const mr_kv *old,
                         mr_kv_sink *into) {
  char text[100];
  CHECK(strcmp(table, "lists") == 0 && version == 1, "%s %u", table, version);
  if (*(int *)impl)
    return MR_E_STATE;
  mr_kv kv = *old;
  for (uint64_t i = 0; i < old->value.size; i++)
    text[i] = old->value.data[old->value.size - 1 - i];
  kv.value.data = text;
  CHECK(into->put(into, 0, &kv) == MR_OK, "put");
  kv.subkey = (mr_str){"old", 3};
  kv.value = old->value;
  return into->put(into, 0, &kv);
}

static void migration(void) {
  store s;
  pieces p = {0};
  mrr_image *image;
  store_open(&s, 0, 1023, UINT64_MAX);
  put_one(&s, LISTS, "key", "abc");
  put_one(&s, FIXED, "one", "11111111");
  put_one(&s, TTL_MARK, "dropped", "");
  CHECK(mrr_keyed_freeze(s.keyed, 1, 0, &image) == MR_OK, "freeze");
  pieces_save(&p, image);
  store_close(&s);
  const mr_table *const tables[] = {&renamed[0], &renamed[1]};
  for (int way = 0; way < 3; way++) {
    heap h = {0, 0};
    int refuse = way == 1;
    mrr_keyed_shape shape = {tables, 2, 0, 1023, 0, UINT64_MAX, 1 << 20};
    mrr_keyed *keyed = mrr_keyed_make(store_memory(&h), shape);
    mrr_restore_report report = {0};
    mrr_migration with = {&refuse, way == 2 ? NULL : migrate};
    for (uint32_t i = 0; i < p.count; i++)
      CHECK(mrr_keyed_restore_piece(keyed, p.at[i].bytes, p.at[i].size, &report) == MR_OK, "%s",
            report.reason);
    CHECK(report.dropped == 1, "%llu dropped", (unsigned long long)report.dropped);
    mr_status status = mrr_keyed_restore_end(keyed, &with, &report);
    CHECK(status == (way ? MR_E_STATE : MR_OK), "answers %d", status);
    if (way)
      CHECK(strcmp(report.name, "lists") == 0 && report.version == 1, "%s", report.name);
    mr_ctx *c = mrr_context_make(calloc(1, mrr_context_bytes()), 1, 1);
    mrr_context_keyed(c, keyed);
    mr_kv kv[2] = {named("key", NULL), named("key", NULL)};
    kv[1].subkey = (mr_str){"old", 3};
    mrr_keyed_begin(keyed, 0, 0);
    if (!way) {
      CHECK(api->get(c, 0, kv, 2) == MR_OK, "get");
      CHECK(kv[0].value.size == 3 && !memcmp(kv[0].value.data, "cba", 3), "not migrated");
      CHECK(kv[1].value.size == 3 && !memcmp(kv[1].value.data, "abc", 3), "not migrated");
      CHECK(mrr_keyed_gauge(keyed).entries == 3, "entries");
      mrr_keyed_keep(keyed);
      mrr_keyed_begin(keyed, 0, 1000);
      CHECK(api->get(c, 0, kv, 2) == MR_OK && !kv[0].value.data, "without its old stamp");
    }
    mrr_keyed_keep(keyed);
    mrr_keyed_drop(keyed);
    CHECK(h.bytes == 0, "memory did not come back");
    free(c);
  }
  pieces_free(&p);
}

static int64_t fail_to_write(void *impl, const void *data, uint64_t size) {
  (void)data;
  return --*(int *)impl < 0 ? -1 : (int64_t)size;
}

static int64_t any_group(void *impl, uint32_t group) {
  (void)impl, (void)group;
  return 0;
}

static void failing_write(void) {
  store s;
  mrr_image *image;
  store_open(&s, 0, 1023, UINT64_MAX);
  put_one(&s, FIXED, "one", "11111111");
  put_one(&s, FIXED, "two", "22222222");
  CHECK(mrr_keyed_freeze(s.keyed, 1, 0, &image) == MR_OK, "freeze");
  for (int writes = 0; writes < 2; writes++) {
    int left = writes;
    mrr_piece_sink sink = {&left, fail_to_write, any_group};
    CHECK(mrr_keyed_save(image, &sink) == MR_E_IO, "a failed write was not told");
  }
  store_close(&s);
}

void test_rules(void) {
  limits();
  groups();
  first_watermark();
  budget();
  increments();
  changed_entries();
  migration();
  failing_write();
}
