/* SPDX-License-Identifier: Apache-2.0
 * Writes: put, edit, remove.
 *
 * A put never overwrites: the new entry stands elsewhere and takes over the place of the old one
 * in index and order, so bytes handed out before stay as they are and undo is the way back. Edit
 * works in place, with the old value in the log; large values are replaced by a copy instead. An
 * entry written by this call is edited without either: undoing takes it away as a whole.
 *
 * Each of these functions leaves the store as it was when there is no memory. */
#include "keyed.h"

/* What an entry is made of. `value` NULL: zeros. */
typedef struct source {
  uint64_t hash;
  mr_str key, subkey;
  const void *value;
  uint32_t size;
} source;

static uint32_t made(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, const source *from) {
  uint32_t bytes = mrr_entry_need(from->key.size, from->subkey.size, from->size);
  uint32_t ref = mrr_entry_alloc(s, t, g, bytes);
  if (!ref)
    return 0;
  mrr_entry *e = mrr_entry_at(g, ref);
  memset((uint8_t *)e + bytes - 8, 0, 8); /* what fills it up is saved too */
  e->hash = from->hash;
  e->mark = s->sequence;
  e->stamp = t->clock;
  e->value = from->size;
  e->key = (uint16_t)from->key.size;
  e->subkey = (uint16_t)from->subkey.size;
  if (!from->value)
    memset(mrr_value(e), 0, from->size);
  else if (from->size)
    memcpy(mrr_value(e), from->value, from->size);
  if (from->key.size)
    memcpy(mrr_key(e), from->key.data, from->key.size);
  if (from->subkey.size)
    memcpy(mrr_subkey(e), from->subkey.data, from->subkey.size);
  return ref;
}

/* The entry, or NULL: no memory. */
static mrr_entry *inserted(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t tag,
                           const source *from) {
  if (!mrr_index_room(s, t, g, 1))
    return NULL;
  uint32_t ref = made(s, t, g, from);
  if (!ref)
    return NULL;
  int ordered = from->subkey.size != 0;
  if (ordered && !mrr_order_insert(s, t, g, ref)) {
    mrr_entry_free(s, t, g, ref, 0);
    return NULL;
  }
  mrr_change *change = mrr_log(s, MRR_INSERTED, t, g, NULL, 0);
  if (!change) {
    if (ordered)
      mrr_order_remove(s, t, g, ref);
    mrr_entry_free(s, t, g, ref, 0);
    return NULL;
  }
  change->after = ref;
  mrr_index_insert(g, tag, ref);
  s->entries++;
  t->entries++;
  return mrr_entry_at(g, ref);
}

static mrr_entry *replaced(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint64_t *slot,
                           const source *from) {
  uint32_t before = (uint32_t)*slot;
  if (!mrr_entry_freeable(s, t, g, before))
    return NULL;
  uint32_t after = made(s, t, g, from);
  if (!after)
    return NULL;
  mrr_entry *old = mrr_entry_at(g, before);
  mrr_change *change = mrr_log(s, MRR_REPLACED, t, g, NULL, 0);
  if (!change) {
    mrr_entry_free(s, t, g, after, 0);
    return NULL;
  }
  change->before = before;
  change->after = after;
  if (old->value & MRR_ENTRY_GONE) {
    change->was_gone = 1;
    old->value &= ~MRR_ENTRY_GONE;
    s->entries++;
    t->entries++;
  }
  if (old->subkey)
    mrr_order_replace(g, before, after);
  *slot = (*slot & ~(uint64_t)UINT32_MAX) | after;
  return mrr_entry_at(g, after);
}

static source source_of(const mr_kv *kv, const void *value, uint64_t size) {
  return (source){kv->key_hash, kv->key, kv->subkey, value, (uint32_t)size};
}

/* For restore: a new entry; MR_E_INVALID if it exists. */
mr_status mrr_keyed_insert(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t tag,
                           const mr_kv *kv) {
  if (mrr_index_find(g, tag, kv))
    return MR_E_INVALID;
  source from = source_of(kv, kv->value.data, kv->value.size);
  return inserted(s, t, g, tag, &from) ? MR_OK : MR_E_NOMEM;
}

static int put_one(mrr_keyed *s, mrr_keyed_table *t, const mrr_aim *a, const mr_kv *kv) {
  source from = source_of(kv, kv->value.size ? kv->value.data : "", kv->value.size);
  uint64_t *slot = mrr_index_find(a->group, a->tag, kv);
  return (slot ? replaced(s, t, a->group, slot, &from) : inserted(s, t, a->group, a->tag, &from)) !=
         NULL;
}

mr_status mrr_keyed_put(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n) {
  mrr_keyed *s;
  mrr_keyed_table *t;
  mr_status status = mrr_batch_begin(c, table, kv, n, &s, &t);
  if (status != MR_OK)
    return status;
  uint32_t fixed = t->declared->value_size;
  for (uint64_t i = 0; i < n; i++) {
    if (fixed && kv[i].value.size != fixed)
      return MR_E_INVALID;
    if (kv[i].value.size > MRR_VALUE_MAX)
      return MR_E_TOO_LARGE;
  }
  mrr_log_place place = mrr_log_here(s);
  s->sequence++;
  for (uint64_t i = 0; i < n; i++)
    if (!put_one(s, t, mrr_batch_aim(s, t, kv, n, i), &kv[i])) {
      mrr_log_undo(s, place, 0);
      return MR_E_NOMEM;
    }
  return MR_OK;
}

/* Makes an entry that is there writable for this call, and notes the write. */
static mrr_entry *edited(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint64_t *slot,
                         const mr_kv *kv) {
  uint32_t ref = (uint32_t)*slot, size = t->declared->value_size;
  mrr_entry *e = mrr_entry_at(g, ref);
  if (e->mark >= s->call_first)
    return e;
  if (size > MRR_EDIT_LOGGED) {
    source from = source_of(kv, mrr_value(e), size);
    return replaced(s, t, g, slot, &from);
  }
  if (!mrr_page_writable(s, t, g, ref >> 9))
    return NULL;
  e = mrr_entry_at(g, ref);
  /* Rounded up to 8: so much an entry has at least. */
  mrr_change *change = mrr_log(s, MRR_EDITED, t, g, mrr_value(e), (size + 7) & ~7u);
  if (!change)
    return NULL;
  change->mark = e->mark;
  change->stamp = e->stamp;
  change->before = ref;
  e->mark = s->sequence;
  e->stamp = t->clock;
  return e;
}

static int edit_one(mrr_keyed *s, mrr_keyed_table *t, mrr_aim *a, const mr_kv *kv) {
  uint64_t *slot = mrr_index_find(a->group, a->tag, kv);
  source zeros = source_of(kv, NULL, t->declared->value_size);
  if (slot && mrr_visible(t, mrr_entry_at(a->group, (uint32_t)*slot))) {
    a->entry = edited(s, t, a->group, slot, kv);
  } else {
    a->fresh = 1;
    a->entry =
        slot ? replaced(s, t, a->group, slot, &zeros) : inserted(s, t, a->group, a->tag, &zeros);
  }
  return a->entry != NULL;
}

mr_status mrr_keyed_edit(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n) {
  mrr_keyed *s;
  mrr_keyed_table *t;
  mr_status status = mrr_batch_begin(c, table, kv, n, &s, &t);
  if (status != MR_OK)
    return status;
  if (t->declared->value_size == 0)
    return MR_E_INVALID;
  mrr_log_place place = mrr_log_here(s);
  s->sequence++;
  for (uint64_t i = 0; i < n; i++)
    if (!edit_one(s, t, mrr_batch_aim(s, t, kv, n, i), &kv[i])) {
      mrr_log_undo(s, place, 0);
      return MR_E_NOMEM;
    }
  for (uint64_t i = 0; i < n; i++) {
    kv[i].value = mrr_bytes(mrr_value(s->aims[i].entry), t->declared->value_size);
    kv[i].flags = (kv[i].flags & ~(uint32_t)MR_KV_NEW) | (s->aims[i].fresh ? MR_KV_NEW : 0);
  }
  return MR_OK;
}

static int gone(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  if (!mrr_visible(t, mrr_entry_at(g, ref)))
    return 1;
  if (!mrr_page_writable(s, t, g, ref >> 9))
    return 0;
  mrr_change *change = mrr_log(s, MRR_REMOVED, t, g, NULL, 0);
  if (!change)
    return 0;
  change->before = ref;
  mrr_entry_at(g, ref)->value |= MRR_ENTRY_GONE;
  s->entries--;
  t->entries--;
  return 1;
}

static int starts_with(const mrr_entry *e, const mr_kv *kv) {
  return e->hash == kv->key_hash && e->key == kv->key.size && e->subkey >= kv->subkey.size &&
         memcmp(mrr_key(e), kv->key.data, e->key) == 0 &&
         (kv->subkey.size == 0 || memcmp(mrr_subkey(e), kv->subkey.data, kv->subkey.size) == 0);
}

static int remove_prefix(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, const mr_kv *kv) {
  mrr_probe probe = {kv->key_hash, kv->key, kv->subkey, 0, 0};
  mrr_place at = mrr_order_find(g, &probe);
  for (uint32_t ref; (ref = mrr_order_ref(g, at)) != 0; mrr_order_next(g, &at)) {
    if (!starts_with(mrr_entry_at(g, ref), kv))
      break;
    if (!gone(s, t, g, ref))
      return 0;
  }
  return 1;
}

mr_status mrr_keyed_remove(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n) {
  mrr_keyed *s;
  mrr_keyed_table *t;
  mr_status status = mrr_batch_begin(c, table, kv, n, &s, &t);
  if (status != MR_OK)
    return status;
  mrr_log_place place = mrr_log_here(s);
  s->sequence++;
  for (uint64_t i = 0; i < n; i++) {
    const mrr_aim *a = mrr_batch_aim(s, t, kv, n, i);
    uint64_t *slot = mrr_index_find(a->group, a->tag, &kv[i]);
    int done = !slot || gone(s, t, a->group, (uint32_t)*slot);
    if (done && kv[i].flags & MR_KV_PREFIX)
      done = remove_prefix(s, t, a->group, &kv[i]);
    if (!done) {
      mrr_log_undo(s, place, 0);
      return MR_E_NOMEM;
    }
  }
  return MR_OK;
}
