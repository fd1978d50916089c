/* SPDX-License-Identifier: Apache-2.0
 * A store of keyed state: its making, its calls, its gauges. What it is made of: keyed.h.
 *
 *   between calls --begin--> in a call --keep or undo--> between calls
 *
 * Handed-out bytes are safe in a call because nothing is freed, moved or overwritten there: what
 * is replaced or removed waits for keep, and a page is only copied away from, never under them. */
#include "keyed.h"

/* Memory that the budget limits. */
void *mrr_keyed_take(mrr_keyed *s, mrr_keyed_table *t, uint64_t bytes) {
  if (s->bytes > s->shape.budget || bytes > s->shape.budget - s->bytes)
    return NULL;
  void *memory = s->memory.take(s->memory.impl, bytes);
  if (memory) {
    s->bytes += bytes;
    t->bytes += bytes;
  }
  return memory;
}

void mrr_keyed_give(mrr_keyed *s, mrr_keyed_table *t, void *memory, uint64_t bytes) {
  s->bytes -= bytes;
  t->bytes -= bytes;
  s->memory.give(s->memory.impl, memory, bytes);
}

static uint64_t store_bytes(uint32_t tables) {
  return sizeof(mrr_keyed) + tables * sizeof(mrr_keyed_table);
}

static uint64_t group_bytes(const mrr_keyed *s) { return s->group_count * sizeof(mrr_group); }

mrr_keyed *mrr_keyed_make(mrr_memory memory, mrr_keyed_shape shape) {
  if (shape.table_count > MRR_KEYED_TABLES || shape.group_first > shape.group_last ||
      shape.group_last >= MRR_KEYED_GROUPS)
    return NULL;
  for (uint32_t i = 0; i < shape.table_count; i++)
    if (shape.tables[i]->value_size > MRR_VALUE_MAX)
      return NULL;
  mrr_keyed *s = memory.take(memory.impl, store_bytes(shape.table_count));
  if (!s)
    return NULL;
  memset(s, 0, store_bytes(shape.table_count));
  s->memory = memory;
  s->shape = shape;
  s->group_count = shape.group_last - shape.group_first + 1;
  s->version = 1;
  for (uint32_t i = 0; i < shape.table_count; i++) {
    mrr_keyed_table *t = &s->tables[i];
    t->declared = shape.tables[i];
    t->number = i;
    t->clock = INT64_MIN;
    t->groups = mrr_keyed_take(s, t, group_bytes(s));
    if (!t->groups) {
      mrr_keyed_drop(s);
      return NULL;
    }
    memset(t->groups, 0, group_bytes(s));
    for (uint32_t g = 0; g < s->group_count; g++)
      t->groups[g].number = shape.group_first + g;
  }
  return s;
}

/* Pages, index and order; the group is empty then. */
void mrr_keyed_clear_group(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g) {
  for (uint32_t p = 0; p < g->page_count; p++)
    if (g->pages[p].memory)
      mrr_page_detach(s, t, g, p);
  if (g->pages)
    mrr_keyed_give(s, t, g->pages, g->page_room * sizeof *g->pages);
  if (g->slots)
    mrr_keyed_give(s, t, g->slots, ((uint64_t)g->mask + 1) * sizeof *g->slots);
  mrr_order_clear(s, t, g);
  uint32_t number = g->number;
  memset(g, 0, sizeof *g);
  g->number = number;
}

void mrr_keyed_drop(mrr_keyed *s) {
  for (uint32_t i = 0; i < MRR_KEYED_IMAGES; i++)
    if (s->images[i])
      s->images[i]->releasing = 1;
  while (mrr_image_collect(s, UINT32_MAX))
    ;
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    mrr_keyed_table *t = &s->tables[i];
    if (!t->groups)
      continue;
    for (uint32_t g = 0; g < s->group_count; g++)
      mrr_keyed_clear_group(s, t, &t->groups[g]);
    mrr_keyed_give(s, t, t->groups, group_bytes(s));
  }
  for (mrr_log_chunk *chunk = s->log; chunk;) {
    mrr_log_chunk *previous = chunk->previous;
    s->memory.give(s->memory.impl, chunk, chunk->size + sizeof *chunk);
    chunk = previous;
  }
  if (s->aims)
    s->memory.give(s->memory.impl, s->aims, s->aim_room * sizeof *s->aims);
  s->memory.give(s->memory.impl, s, store_bytes(s->shape.table_count));
}

static void set_clocks(mrr_keyed *s, int64_t now, int64_t watermark) {
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    mrr_keyed_table *t = &s->tables[i];
    t->clock = t->declared->ttl_domain == MR_EVENT_TIME ? watermark : now;
  }
}

void mrr_keyed_begin(mrr_keyed *s, int64_t now, int64_t watermark) {
  set_clocks(s, now, watermark);
  s->call_first = s->sequence + 1;
  s->in_call = 1;
}

void mrr_keyed_keep(mrr_keyed *s) {
  s->in_call = 0;
  mrr_log_keep(s);
  mrr_tidy(s, MRR_TIDY);
}

void mrr_keyed_undo(mrr_keyed *s) {
  s->in_call = 0;
  mrr_log_undo(s, (mrr_log_place){NULL, 0}, 1);
}

int mrr_keyed_sweep(mrr_keyed *s, int64_t now, int64_t watermark, uint32_t entries) {
  set_clocks(s, now, watermark);
  mrr_tidy(s, entries);
  return mrr_image_collect(s, 0);
}

mrr_keyed_gauges mrr_keyed_gauge(const mrr_keyed *s) {
  return (mrr_keyed_gauges){s->entries, s->bytes, s->frozen, s->log_bytes};
}

mrr_keyed_gauges mrr_keyed_table_gauge(const mrr_keyed *s, uint32_t table) {
  const mrr_keyed_table *t = &s->tables[table];
  return (mrr_keyed_gauges){t->entries, t->bytes, 0, 0};
}
