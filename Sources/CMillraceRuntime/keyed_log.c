/* SPDX-License-Identifier: Apache-2.0
 * The undo log of a call: what it changed, so that it can be taken back.
 *
 *   inserted  after is new
 *   replaced  after took the place of before in index and order; before is untouched
 *   removed   before is marked gone and stays linked
 *   edited    before is changed in place; its old value lies in front of the record
 *
 * Undo goes through the records backwards and needs no memory: what was replaced or removed still
 * exists. Keep frees exactly that, backwards too: an entry that was removed and then replaced is
 * freed by the replacement, so the removal that comes later in this order finds it free or its
 * page away. A function that fails in the middle of its array undoes back to where it began. */
#include "keyed.h"

#define CHUNK 65536u

mrr_log_place mrr_log_here(const mrr_keyed *s) {
  return (mrr_log_place){s->log, s->log ? s->log->used : 0};
}

static uint8_t *chunk_end(mrr_log_chunk *c) { return (uint8_t *)(c + 1) + c->used; }

static int chunk_added(mrr_keyed *s) {
  if (s->log_bytes + CHUNK > s->shape.log_limit)
    return 0;
  mrr_log_chunk *chunk = s->memory.take(s->memory.impl, CHUNK);
  if (!chunk)
    return 0;
  *chunk = (mrr_log_chunk){s->log, 0, CHUNK - (uint32_t)sizeof *chunk};
  s->log = chunk;
  s->log_bytes += CHUNK;
  return 1;
}

/* A record to be filled in, behind a copy of `size` bytes of `value`; size is a multiple of 8.
 * NULL: no memory, or beyond the limit. */
mrr_change *mrr_log(mrr_keyed *s, uint16_t kind, const mrr_keyed_table *t, const mrr_group *g,
                    const void *value, uint32_t size) {
  uint32_t need = size + (uint32_t)sizeof(mrr_change);
  if ((!s->log || s->log->size - s->log->used < need) && !chunk_added(s))
    return NULL;
  if (size == 8)
    memcpy(chunk_end(s->log), value, 8);
  else if (size)
    memcpy(chunk_end(s->log), value, size);
  mrr_change *c = (mrr_change *)(void *)(chunk_end(s->log) + size);
  c->kind = kind;
  c->was_gone = 0;
  c->table = (uint16_t)t->number;
  c->group = (uint16_t)(g->number - s->shape.group_first);
  c->size = size;
  s->log->used += need;
  s->freeing += kind == MRR_REPLACED || kind == MRR_REMOVED;
  return c;
}

/* Takes the newest record off the log; the old value is at *value. The first chunk stays. */
static int taken(mrr_keyed *s, mrr_log_place to, mrr_change *change, const uint8_t **value) {
  while (s->log != to.chunk && s->log->used == 0) {
    mrr_log_chunk *empty = s->log;
    if (!empty->previous)
      return 0;
    s->log = empty->previous;
    s->log_bytes -= CHUNK;
    s->memory.give(s->memory.impl, empty, CHUNK);
  }
  if (!s->log || (s->log == to.chunk && s->log->used <= to.used))
    return 0;
  memcpy(change, chunk_end(s->log) - sizeof *change, sizeof *change);
  s->log->used -= change->size + (uint32_t)sizeof *change;
  *value = chunk_end(s->log);
  return 1;
}

static uint32_t tag_of(const mrr_entry *e) { return mrr_entry_tag(e->hash, mrr_entry_subkey(e)); }

/* Takes a linked entry out of everything and frees it. */
void mrr_unlink(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref, int release) {
  const mrr_entry *e = mrr_entry_at(g, ref);
  if (e->subkey)
    mrr_order_remove(s, t, g, ref);
  mrr_index_remove(g, mrr_index_slot(g, tag_of(e), ref));
  mrr_entry_free(s, t, g, ref, release);
}

static void count(mrr_keyed *s, mrr_keyed_table *t, int64_t by) {
  s->entries += (uint64_t)by;
  t->entries += (uint64_t)by;
}

static void undo_one(mrr_keyed *s, const mrr_change *c, const uint8_t *value, int release) {
  mrr_keyed_table *t = &s->tables[c->table];
  mrr_group *g = &t->groups[c->group];
  if (c->kind == MRR_INSERTED) {
    mrr_unlink(s, t, g, c->after, release);
    count(s, t, -1);
  } else if (c->kind == MRR_REPLACED) {
    mrr_entry *e = mrr_entry_at(g, c->before);
    if (e->subkey)
      mrr_order_replace(g, c->after, c->before);
    uint32_t tag = tag_of(e);
    *mrr_index_slot(g, tag, c->after) = (uint64_t)tag << 32 | c->before;
    if (c->was_gone) {
      e->value |= MRR_ENTRY_GONE;
      count(s, t, -1);
    }
    mrr_entry_free(s, t, g, c->after, release);
  } else if (c->kind == MRR_REMOVED) {
    mrr_entry_at(g, c->before)->value &= ~MRR_ENTRY_GONE;
    count(s, t, 1);
  } else {
    mrr_entry *e = mrr_entry_at(g, c->before);
    memcpy(mrr_value(e), value, mrr_value_size(e));
    e->stamp = c->stamp;
    e->mark = c->mark;
  }
}

void mrr_log_undo(mrr_keyed *s, mrr_log_place to, int release) {
  mrr_change change;
  const uint8_t *value;
  while (taken(s, to, &change, &value)) {
    undo_one(s, &change, value, release);
    s->freeing -= change.kind == MRR_REPLACED || change.kind == MRR_REMOVED;
  }
}

static void keep_one(mrr_keyed *s, const mrr_change *c) {
  mrr_keyed_table *t = &s->tables[c->table];
  mrr_group *g = &t->groups[c->group];
  if (c->kind == MRR_REPLACED)
    mrr_entry_free(s, t, g, c->before, 1);
  else if (c->kind == MRR_REMOVED && g->pages[c->before >> 9].memory &&
           (mrr_entry_at(g, c->before)->value & MRR_ENTRY_FLAGS) == MRR_ENTRY_GONE)
    mrr_unlink(s, t, g, c->before, 1);
}

void mrr_log_keep(mrr_keyed *s) {
  mrr_change change;
  const uint8_t *value;
  if (s->freeing == 0 && s->log && !s->log->previous) {
    s->log->used = 0;
    return;
  }
  while (taken(s, (mrr_log_place){NULL, 0}, &change, &value))
    keep_one(s, &change);
  s->freeing = 0;
}
