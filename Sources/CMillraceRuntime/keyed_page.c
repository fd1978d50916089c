/* SPDX-License-Identifier: Apache-2.0
 * Pages of keyed state: memory that holds the entries of one key group of one table.
 *
 * A page is a small heap: entries from its head up to `used`, some of them free blocks in a list.
 * Free blocks are not joined; a page that is empty is released, and one that is mostly free is
 * emptied by keyed_tidy.c. The first pages of a group are smaller, so that many groups with few
 * entries cost little. An entry above MRR_LARGE_BYTES has a page of its own.
 *
 * A page is written only while its version is that of the store. mrr_page_writable brings it there:
 * if an image holds the page, the image keeps the old memory and the group gets a copy at the same
 * number. Whoever will free an entry later, when nothing may fail, makes its page writable now. */
#include "keyed.h"

/* The page, ready to be written; NULL: no memory for the copy. */
mrr_page *mrr_page_writable(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page) {
  mrr_page_ref *p = &g->pages[page];
  if (p->version == s->version)
    return p->memory;
  uint32_t pins = mrr_image_pins(s, p->version, mrr_page_key(g->number, t->number, page));
  if (pins) {
    mrr_page *copy = s->memory.take(s->memory.impl, p->memory->size);
    if (!copy)
      return NULL;
    memcpy(copy, p->memory, p->memory->used);
    copy->pins = 0;
    p->memory->pins = pins;
    s->frozen += copy->size;
    p->memory = copy;
  }
  p->version = g->version = s->version;
  return p->memory;
}

static int directory_room(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t count) {
  if (count <= g->page_room)
    return 1;
  if (count > MRR_PAGES_MAX)
    return 0;
  uint32_t room = g->page_room ? g->page_room * 2 : 4;
  room = room < count ? count : room;
  mrr_page_ref *wider = mrr_keyed_take(s, t, room * sizeof *wider);
  if (!wider)
    return 0;
  memset(wider + g->page_count, 0, (room - g->page_count) * sizeof *wider);
  if (g->pages) {
    memcpy(wider, g->pages, g->page_count * sizeof *wider);
    mrr_keyed_give(s, t, g->pages, g->page_room * sizeof *wider);
  }
  g->pages = wider;
  g->page_room = room;
  return 1;
}

/* An empty page of `size` bytes at a number that has none; `large` for one entry. 0: no memory. */
int mrr_page_make(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page, uint32_t size,
                  uint32_t large) {
  if (!directory_room(s, t, g, page + 1))
    return 0;
  mrr_page *p = mrr_keyed_take(s, t, size);
  if (!p)
    return 0;
  memset(p, 0, sizeof *p);
  p->size = size;
  p->used = sizeof *p;
  p->large = large;
  if (page >= g->page_count)
    g->page_count = page + 1;
  g->pages[page].memory = p;
  g->pages[page].version = g->version = s->version;
  g->pages[page].free = 0;
  if (!large) {
    g->pages[page].free = size - p->used;
    g->size += size;
    g->free += g->pages[page].free;
  }
  return 1;
}

/* Takes the page away, from under images too: they keep the memory. Cannot fail. */
void mrr_page_detach(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page) {
  mrr_page_ref *p = &g->pages[page];
  mrr_page *memory = p->memory;
  uint32_t pins = mrr_image_pins(s, p->version, mrr_page_key(g->number, t->number, page));
  if (!memory->large) {
    g->size -= memory->size;
    g->free -= p->free;
  }
  if (pins) {
    memory->pins = pins;
    s->frozen += memory->size;
    s->bytes -= memory->size;
    t->bytes -= memory->size;
  } else {
    mrr_keyed_give(s, t, memory, memory->size);
  }
  p->memory = NULL;
  p->free = 0;
  p->version = g->version = s->version;
  g->hole = page < g->hole ? page : g->hole;
}

/* Offset of a block of `bytes` in the page, or 0. */
static uint32_t fit(mrr_page *page, uint32_t bytes) {
  mrr_entry *previous = NULL;
  uint32_t at = page->first_free;
  for (uint32_t tries = 0; at && tries < 8; tries++) {
    mrr_entry *e = mrr_page_entry(page, at);
    uint32_t have = e->value & ~MRR_ENTRY_FLAGS, next = (uint32_t)e->hash;
    if (have == bytes || have >= bytes + sizeof *e) {
      if (have > bytes) {
        mrr_entry *rest = mrr_page_entry(page, at + bytes);
        memset(rest, 0, sizeof *rest);
        rest->hash = next;
        rest->value = MRR_ENTRY_FREE | (have - bytes);
        next = at + bytes;
      }
      if (previous)
        previous->hash = next;
      else
        page->first_free = next;
      return at;
    }
    previous = e;
    at = next;
  }
  if (page->size - page->used < bytes)
    return 0;
  at = page->used;
  page->used += bytes;
  return at;
}

static uint32_t unused_number(mrr_group *g) {
  while (g->hole < g->page_count && g->pages[g->hole].memory)
    g->hole++;
  return g->hole;
}

static uint32_t page_size(const mrr_group *g, uint32_t bytes) {
  if (bytes > MRR_LARGE_BYTES)
    return (uint32_t)sizeof(mrr_page) + bytes;
  uint32_t size = 512;
  for (uint32_t n = g->page_count; n && size < MRR_PAGE_BYTES; n--)
    size *= 2;
  while (size < bytes + sizeof(mrr_page))
    size *= 2;
  return size;
}

/* A block for an entry of `bytes`; its ref, or 0: no memory. The block is not initialised. */
uint32_t mrr_entry_alloc(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t bytes) {
  uint32_t page = g->current, at = 0;
  mrr_page *p = NULL;
  if (bytes <= MRR_LARGE_BYTES)
    for (uint32_t i = 0; i < 4 && i < g->page_count && !at; i++) {
      page = g->current + i < g->page_count ? g->current + i : g->current + i - g->page_count;
      if (g->pages[page].free < bytes)
        continue;
      if (!(p = mrr_page_writable(s, t, g, page)))
        return 0;
      at = fit(p, bytes);
    }
  if (!at) {
    page = unused_number(g);
    if (!mrr_page_make(s, t, g, page, page_size(g, bytes), bytes > MRR_LARGE_BYTES))
      return 0;
    p = g->pages[page].memory;
    at = fit(p, bytes);
  }
  p->live++;
  if (!p->large) {
    g->pages[page].free -= bytes;
    g->free -= bytes;
    g->current = page;
  }
  return page << 9 | at >> 3;
}

/* Makes sure that the entry can be freed without memory. */
int mrr_entry_freeable(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  return mrr_entry_bytes(mrr_entry_at(g, ref)) > MRR_LARGE_BYTES ||
         mrr_page_writable(s, t, g, ref >> 9) != NULL;
}

/* Of an entry that is freeable. `release`: also the page, if that was its last one; not within a
 * call, where a scan may stand in it. */
void mrr_entry_free(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref, int release) {
  mrr_entry *e = mrr_entry_at(g, ref);
  uint32_t bytes = mrr_entry_bytes(e);
  mrr_page *p = g->pages[ref >> 9].memory;
  if (bytes > MRR_LARGE_BYTES) {
    mrr_page_detach(s, t, g, ref >> 9);
    return;
  }
  e->value = MRR_ENTRY_FREE | bytes;
  e->hash = p->first_free;
  p->first_free = (ref & 511) << 3;
  p->live--;
  g->pages[ref >> 9].free += bytes;
  g->free += bytes;
  s->emptied = g;
  s->emptied_table = t;
  if (p->live == 0 && release)
    mrr_page_detach(s, t, g, ref >> 9);
}
