/* SPDX-License-Identifier: Apache-2.0
 * The reference: one array, sorted by table, hash, key and subkey. Slow and evident. */
#include "keyed_test.h"

item item_of(uint32_t table, const mr_kv *kv) {
  item i = {.table = table, .hash = kv->key_hash};
  i.key_size = (uint32_t)kv->key.size;
  i.subkey_size = (uint32_t)kv->subkey.size;
  memcpy(i.key, kv->key.data, i.key_size);
  if (i.subkey_size)
    memcpy(i.subkey, kv->subkey.data, i.subkey_size);
  return i;
}

static int compare_bytes(const char *a, uint32_t a_size, const char *b, uint32_t b_size) {
  int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
  return order ? order : (a_size > b_size) - (a_size < b_size);
}

int item_compare(const item *a, const item *b) {
  if (a->table != b->table)
    return a->table < b->table ? -1 : 1;
  if (a->hash != b->hash)
    return a->hash < b->hash ? -1 : 1;
  int order = compare_bytes(a->key, a->key_size, b->key, b->key_size);
  return order ? order : compare_bytes(a->subkey, a->subkey_size, b->subkey, b->subkey_size);
}

static uint32_t place(const model *m, const item *i) {
  uint32_t low = 0, high = m->count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (item_compare(&m->items[middle], i) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int model_alive(const model *m, const item *i) {
  const mr_table *t = test_tables[i->table];
  int64_t clock = t->ttl_domain == MR_EVENT_TIME ? m->watermark : m->now;
  return t->ttl == 0 || clock < i->stamp + t->ttl;
}

item *model_find(const model *m, const item *i) {
  uint32_t at = place(m, i);
  int there = at < m->count && item_compare(&m->items[at], i) == 0;
  return there && model_alive(m, &m->items[at]) ? &m->items[at] : NULL;
}

void model_put(model *m, item i, const void *value, uint32_t size) {
  static uint64_t serial;
  uint32_t at = place(m, &i);
  i.serial = ++serial;
  i.value = malloc(size + 1);
  i.value_size = size;
  memset(i.value, 0, size);
  if (value)
    memcpy(i.value, value, size);
  i.stamp = test_tables[i.table]->ttl_domain == MR_EVENT_TIME ? m->watermark : m->now;
  if (at < m->count && item_compare(&m->items[at], &i) == 0) {
    free(m->items[at].value);
    m->items[at] = i;
    return;
  }
  if (m->count == m->room) {
    m->room = m->room ? m->room * 2 : 64;
    m->items = realloc(m->items, m->room * sizeof *m->items);
  }
  memmove(m->items + at + 1, m->items + at, (m->count - at) * sizeof *m->items);
  m->items[at] = i;
  m->count++;
}

void model_remove(model *m, const item *i) {
  uint32_t at = place(m, i);
  if (at == m->count || item_compare(&m->items[at], i) != 0)
    return;
  free(m->items[at].value);
  m->count--;
  memmove(m->items + at, m->items + at + 1, (m->count - at) * sizeof *m->items);
}

void model_copy(model *to, const model *from) {
  *to = *from;
  to->room = from->count;
  to->items = malloc((from->count + 1) * sizeof *to->items);
  for (uint32_t i = 0; i < from->count; i++) {
    to->items[i] = from->items[i];
    to->items[i].value = malloc(from->items[i].value_size + 1);
    memcpy(to->items[i].value, from->items[i].value, from->items[i].value_size);
  }
}

void model_free(model *m) {
  for (uint32_t i = 0; i < m->count; i++)
    free(m->items[i].value);
  free(m->items);
  *m = (model){0};
}

static void check_value(const item *i, mr_str value) {
  CHECK(value.data && value.size == i->value_size && !memcmp(value.data, i->value, value.size),
        "table %u key %.*s subkey %.*s", i->table, (int)i->key_size, i->key, (int)i->subkey_size,
        i->subkey);
}

static void check_get(const model *m, store *s) {
  for (uint32_t at = 0; at < m->count; at++) {
    const item *i = &m->items[at];
    mr_kv kv = {i->hash, {i->key, i->key_size}, {i->subkey, i->subkey_size}, {"", 1}, 0, 0};
    mr_status status = mrr_keyed_state_table.get(s->context, i->table, &kv, 1);
    if (status == MR_E_INVALID)
      continue;
    CHECK(status == MR_OK, "get answers %d", status);
    if (model_alive(m, i))
      check_value(i, kv.value);
    else
      CHECK(!kv.value.data, "an expired entry is seen");
  }
}

static uint32_t count_groups(const model *m, store *s, uint32_t table, uint32_t first,
                             uint32_t last) {
  mr_scan scan = {.struct_size = sizeof scan, .flags = MR_SCAN_GROUPS};
  scan.group_first = first;
  scan.group_last = last;
  uint32_t seen = 0;
  for (uint64_t n = 7; n == 7;) {
    mr_kv kv[7];
    CHECK(mrr_keyed_state_table.scan(s->context, table, &scan, kv, 7, &n) == MR_OK, "scan");
    for (uint64_t k = 0; k < n; k++) {
      item wanted = item_of(table, &kv[k]);
      const item *i = model_find(m, &wanted);
      CHECK(i, "a scan shows what is not there");
      check_value(i, kv[k].value);
      seen++;
    }
  }
  return seen;
}

void model_check(const model *m, store *const *stores, uint32_t count) {
  for (uint32_t table = 0; table < TABLES; table++) {
    uint32_t seen = 0, alive = 0;
    for (uint32_t i = 0; i < m->count; i++)
      alive += m->items[i].table == table && model_alive(m, &m->items[i]);
    for (uint32_t k = 0; k < count; k++) {
      mrr_keyed_begin(stores[k]->keyed, m->now, m->watermark);
      mr_scan probe = {.flags = MR_SCAN_GROUPS, .group_first = 0, .group_last = 1023};
      uint32_t first = 0, last = 1023;
      mr_kv kv;
      uint64_t n;
      while (probe.group_first = probe.group_last = first, probe.cursor0 = probe.cursor1 = 0,
             mrr_keyed_state_table.scan(stores[k]->context, table, &probe, &kv, 1, &n) != MR_OK)
        first++;
      while (probe.group_first = probe.group_last = last, probe.cursor0 = probe.cursor1 = 0,
             mrr_keyed_state_table.scan(stores[k]->context, table, &probe, &kv, 1, &n) != MR_OK)
        last--;
      seen += count_groups(m, stores[k], table, first, last);
      if (table == 0)
        check_get(m, stores[k]);
      mrr_keyed_keep(stores[k]->keyed);
    }
    CHECK(seen == alive, "table %u: %u entries of %u", table, seen, alive);
  }
}
