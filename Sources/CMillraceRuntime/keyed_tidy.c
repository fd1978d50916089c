/* SPDX-License-Identifier: Apache-2.0
 * What is done between calls, a little at a time: expired entries go, pages that are mostly free
 * are emptied, images that nobody reads any more are given back.
 *
 * Expired entries are invisible at once, so nothing waits for this. A round looks at whole pages,
 * the one at hand to its end; nothing is remembered inside a page, because it may be another one
 * the next time. An entry written before the first watermark lives for its ttl from when it is met
 * here. Where there is no memory to copy a page that an image holds, its turn comes later. */
#include "keyed.h"

static void expire_one(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  mrr_entry *e = mrr_entry_at(g, ref);
  if (e->value & MRR_ENTRY_FLAGS || t->clock == INT64_MIN)
    return;
  if (e->stamp == INT64_MIN) {
    if (mrr_page_writable(s, t, g, ref >> 9)) {
      mrr_entry_at(g, ref)->stamp = t->clock;
      mrr_entry_at(g, ref)->mark = ++s->sequence;
    }
  } else if (mrr_expired(t, e) && mrr_entry_freeable(s, t, g, ref)) {
    mrr_unlink(s, t, g, ref, 0);
    s->entries--;
    t->entries--;
  }
}

/* Looks at one page; returns how much work that was. */
static uint32_t expire_page(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page) {
  uint32_t offset = sizeof(mrr_page), looked = 1;
  for (; g->pages[page].memory && offset < g->pages[page].memory->used; looked++) {
    uint32_t bytes = mrr_entry_bytes(mrr_page_entry(g->pages[page].memory, offset));
    expire_one(s, t, g, page << 9 | offset >> 3);
    offset += bytes;
  }
  if (g->pages[page].memory && g->pages[page].memory->live == 0)
    mrr_page_detach(s, t, g, page);
  return looked;
}

static void expire(mrr_keyed *s, uint32_t entries) {
  for (uint32_t looked = 0; looked < entries; looked++) {
    mrr_keyed_table *t = &s->tables[s->sweep_table];
    mrr_group *g = &t->groups[s->sweep_group];
    if (t->declared->ttl > 0 && s->sweep_page < g->page_count) {
      if (g->pages[s->sweep_page].memory)
        looked += expire_page(s, t, g, s->sweep_page);
      s->sweep_page++;
      continue;
    }
    s->sweep_page = 0;
    if (t->declared->ttl <= 0 || ++s->sweep_group == s->group_count) {
      s->sweep_group = 0;
      s->sweep_table = s->sweep_table + 1 < s->shape.table_count ? s->sweep_table + 1 : 0;
    }
  }
}

/* A page of which most is free, among some; page_count: none. */
static uint32_t emptiest(mrr_keyed *s, const mrr_group *g) {
  uint32_t best = g->page_count, most = 0;
  for (uint32_t i = 0; i < 8 && i < g->page_count; i++) {
    uint32_t page = s->evacuate_page = (s->evacuate_page + 1) % g->page_count;
    const mrr_page_ref *p = &g->pages[page];
    if (p->memory && !p->memory->large && p->free * 2 > p->memory->size && p->free > most) {
      best = page;
      most = p->free;
    }
  }
  return best;
}

static int moved(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t from) {
  uint32_t bytes = mrr_entry_bytes(mrr_entry_at(g, from));
  uint32_t to = mrr_entry_alloc(s, t, g, bytes);
  if (!to)
    return 0;
  const mrr_entry *e = mrr_entry_at(g, from);
  memcpy(mrr_entry_at(g, to), e, bytes);
  mrr_entry_at(g, to)->mark = ++s->sequence; /* increments have not got it there */
  uint32_t tag = mrr_entry_tag(e->hash, mrr_entry_subkey(e));
  if (e->subkey)
    mrr_order_replace(g, from, to);
  *mrr_index_slot(g, tag, from) = (uint64_t)tag << 32 | to;
  mrr_entry_free(s, t, g, from, 0);
  return 1;
}

/* Moves the entries of one page elsewhere, if much of the group is free. */
static void evacuate(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g) {
  if (g->size <= 2 * MRR_PAGE_BYTES || g->free * 2 <= g->size)
    return;
  uint32_t page = emptiest(s, g), offset = sizeof(mrr_page);
  if (page == g->page_count || !mrr_page_writable(s, t, g, page))
    return;
  uint32_t hidden = g->pages[page].free;
  g->pages[page].free = 0; /* nothing is to move into it */
  while (offset < g->pages[page].memory->used) {
    const mrr_entry *e = mrr_page_entry(g->pages[page].memory, offset);
    uint32_t ref = page << 9 | offset >> 3;
    offset += mrr_entry_bytes(e);
    if (e->value & MRR_ENTRY_FREE)
      continue;
    uint32_t inside = g->pages[page].free;
    g->pages[page].free = 0;
    int done = moved(s, t, g, ref);
    g->pages[page].free += inside;
    if (!done)
      break;
  }
  g->pages[page].free += hidden;
  if (g->pages[page].memory->live == 0)
    mrr_page_detach(s, t, g, page);
}

void mrr_tidy(mrr_keyed *s, uint32_t entries) {
  mrr_image_collect(s, entries);
  if (s->emptied)
    evacuate(s, s->emptied_table, s->emptied);
  s->emptied = NULL;
  if (s->shape.table_count)
    expire(s, entries);
}
