// SPDX-License-Identifier: Apache-2.0
// State per key and timers, as the host offers them: of one operator with one table, in a list.
// Both are part of a checkpoint.
#include "host.h"

typedef struct {
  text key;
  uint64_t hash;
  char *value; /* never moves while it is there */
  uint64_t size;
} entry;

typedef struct {
  mr_domain domain;
  int64_t time;
  uint64_t hash;
  text key;
} timer;

static entry *entries;
static timer *timers;
static uint64_t entry_count, timer_count;
static const mr_keyed_state *declared;

void keyed_state_clear(void) {
  for (; entry_count > 0; entry_count--) {
    drop(&entries[entry_count - 1].key);
    free(entries[entry_count - 1].value);
  }
  for (; timer_count > 0; timer_count--)
    drop(&timers[timer_count - 1].key);
}

void keyed_state_declare(const mr_operator *op) {
  declared = op->extension(op, MR_EXT_KEYED_STATE);
}

static entry *find(const mr_kv *kv) {
  for (uint64_t i = 0; i < entry_count; i++)
    if (entries[i].hash == kv->key_hash && entries[i].key.size == kv->key.size &&
        memcmp(entries[i].key.bytes, kv->key.data, kv->key.size) == 0)
      return &entries[i];
  return NULL;
}

static entry *make(uint64_t hash, mr_str key, const char *value, uint64_t size) {
  entries = realloc(entries, (entry_count + 1) * sizeof *entries);
  entry *one = &entries[entry_count++];
  *one = (entry){.hash = hash, .value = calloc(1, size + 1), .size = size};
  add(&one->key, key.data, key.size);
  if (value != NULL)
    memcpy(one->value, value, size);
  return one;
}

static void check(uint32_t table, const mr_kv *kv) {
  if (declared == NULL || table >= declared->table_count)
    fail("a table that was not declared");
  if (kv->key_hash != the_host.hash(kv->key.data, kv->key.size))
    fail("a wrong hash of a key");
}

static mr_status get(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n) {
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    check(table, &kv[i]);
    const entry *one = find(&kv[i]);
    kv[i].value = one != NULL ? (mr_str){one->value, one->size} : (mr_str){NULL, 0};
  }
  return MR_OK;
}

static mr_status edit(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n) {
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    check(table, &kv[i]);
    const entry *one = find(&kv[i]);
    kv[i].flags = one == NULL ? MR_KV_NEW : 0;
    if (one == NULL)
      one = make(kv[i].key_hash, kv[i].key, NULL, declared->tables[table]->value_size);
    kv[i].value = (mr_str){one->value, one->size};
  }
  return MR_OK;
}

static mr_status remove_entries(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n) {
  (void)c;
  for (uint64_t i = 0; i < n; i++) {
    check(table, &kv[i]);
    entry *one = find(&kv[i]);
    if (one == NULL)
      continue;
    drop(&one->key);
    free(one->value);
    *one = entries[--entry_count];
  }
  return MR_OK;
}

static const mr_host_keyed_state keyed = {.struct_size = sizeof keyed,
                                          .max_key = 65535,
                                          .max_subkey = 65535,
                                          .max_value = 1 << 20,
                                          .get = get,
                                          .remove = remove_entries,
                                          .edit = edit};

static void make_timer(const mr_timer *t) {
  timers = realloc(timers, (timer_count + 1) * sizeof *timers);
  timers[timer_count] = (timer){.domain = t->domain, .time = t->time, .hash = t->key_hash};
  add(&timers[timer_count++].key, t->key.data, t->key.size);
}

static mr_status set_timers(mr_ctx *c, const mr_timer *t, uint64_t n) {
  (void)c;
  for (uint64_t i = 0; i < n; i++)
    make_timer(&t[i]);
  return MR_OK;
}

static const mr_host_time timing = {.struct_size = sizeof timing, .set = set_timers};

void fire_timers(life *l, int64_t time) {
  const mr_time *table = l->op->extension(l->op, MR_EXT_TIME);
  if (table == NULL)
    return;
  for (uint64_t i = 0; i < timer_count;) {
    timer one = timers[i];
    if (one.domain != MR_EVENT_TIME || one.time > time) {
      i++;
      continue;
    }
    timers[i] = timers[--timer_count];
    mr_timer due = {one.time, one.hash, {one.key.bytes, one.key.size}, 0, one.domain, 0};
    mr_work work = {sizeof work, 0, 0, 0, 0};
    if (table->on_timers(l->instance, &due, 1, &work) != MR_OK)
      fail("on_timers: %s", l->ctx.text);
    drop(&one.key);
  }
}

uint64_t keyed_state_count(void) { return entry_count; }

const void *keyed_state_service(const char *id) {
  if (declared == NULL)
    return NULL;
  if (strcmp(id, MR_EXT_KEYED_STATE) == 0)
    return &keyed;
  return strcmp(id, MR_EXT_TIME) == 0 ? &timing : NULL;
}

/* ---- checkpoints: copies ------------------------------------------------------------------ */

static void put(text *to, uint64_t number) { add(to, &number, sizeof number); }
static uint64_t take(text *from) {
  uint64_t number;
  memcpy(&number, from->bytes + from->at, sizeof number);
  from->at += sizeof number;
  return number;
}
static mr_str take_bytes(text *from) {
  uint64_t size = take(from);
  from->at += size;
  return (mr_str){from->bytes + from->at - size, size};
}

void keyed_state_save(text *into) {
  put(into, entry_count);
  for (uint64_t i = 0; i < entry_count; i++) {
    put(into, entries[i].hash);
    put(into, entries[i].key.size);
    add_text(into, &entries[i].key);
    put(into, entries[i].size);
    add(into, entries[i].value, entries[i].size);
  }
  put(into, timer_count);
  for (uint64_t i = 0; i < timer_count; i++) {
    put(into, (uint64_t)timers[i].domain);
    put(into, (uint64_t)timers[i].time);
    put(into, timers[i].hash);
    put(into, timers[i].key.size);
    add_text(into, &timers[i].key);
  }
}

void keyed_state_restore(text saved) {
  keyed_state_clear();
  if (saved.size == 0)
    return;
  for (uint64_t n = take(&saved); n > 0; n--) {
    uint64_t hash = take(&saved);
    mr_str key = take_bytes(&saved), value = take_bytes(&saved);
    make(hash, key, value.data, value.size);
  }
  for (uint64_t n = take(&saved); n > 0; n--) {
    mr_timer one = {.domain = (mr_domain)take(&saved)};
    one.time = (int64_t)take(&saved);
    one.key_hash = take(&saved);
    one.key = take_bytes(&saved);
    make_timer(&one);
  }
}
