/* SPDX-License-Identifier: Apache-2.0
 * Writes an image as pieces, one for each key group that is in it. The format: keyed_piece.h.
 *
 * Runs beside the thread of the task and reads what keyed_image.c allows: the image, the memory it
 * lists, the declared tables. Small parts are gathered in the image's buffer, so that the host's
 * `write` is called for some kilobytes at a time; a large entry is written from where it is. */
#include "keyed.h"
#include "keyed_piece.h"

typedef struct output {
  const mrr_piece_sink *sink;
  uint8_t *buffer;
  uint32_t used, room;
  uint64_t size; /* of this piece so far */
  int failed;
} output;

static void write_all(output *o, const void *data, uint64_t size) {
  const uint8_t *at = data;
  while (size && !o->failed) {
    int64_t n = o->sink->write(o->sink->impl, at, size);
    if (n <= 0 || (uint64_t)n > size)
      o->failed = 1;
    else
      at += n, size -= (uint64_t)n;
  }
}

static void flush(output *o) {
  write_all(o, o->buffer, o->used);
  o->used = 0;
}

/* Room in the buffer, which is larger than all that is asked for at once. */
static void *place(output *o, uint32_t size) {
  if (o->room - o->used < size)
    flush(o);
  void *at = o->buffer + o->used;
  o->used += size;
  o->size += size;
  memset(at, 0, size);
  return at;
}

static void write_head(output *o, const mrr_image *m, uint32_t group, uint32_t sections) {
  mrr_piece_head *head = place(o, sizeof *head);
  head->magic = MRR_PIECE_MAGIC;
  head->version = MRR_PIECE_VERSION;
  head->flags = m->base ? 0 : MRR_PIECE_FULL;
  head->group = group;
  head->sections = sections;
  head->base = m->base_epoch;
  head->epoch = m->epoch;
  head->check = mrr_xxh3(head, offsetof(mrr_piece_head, check));
}

static void write_section(output *o, const mr_table *t, uint32_t blocks) {
  mrr_section_head *head = place(o, sizeof *head);
  head->blocks = blocks;
  head->version = t->version;
  head->value_size = t->value_size;
  for (uint32_t i = 0; i + 1 < sizeof head->name && t->name[i]; i++)
    head->name[i] = t->name[i];
  head->check = mrr_xxh3(head, offsetof(mrr_section_head, check));
}

static uint64_t check_of(const mrr_block_head *head, const void *first, const void *rest,
                         uint32_t rest_size) {
  uint64_t check = mrr_xxh3(head, offsetof(mrr_block_head, check));
  return first ? check + 3 * mrr_xxh3(first, sizeof(mrr_entry_head)) + 5 * mrr_xxh3(rest, rest_size)
               : check;
}

static mrr_entry_head head_of(const mrr_entry *e) {
  return (mrr_entry_head){e->hash, e->stamp, mrr_value_size(e), e->key, e->subkey};
}

static uint32_t body_of(const mrr_entry *e) { return mrr_value_size(e) + e->key + e->subkey; }

static uint32_t saved_bytes(const mrr_entry *e) {
  return ((uint32_t)sizeof(mrr_entry_head) + body_of(e) + 7) & ~7u;
}

/* The map of a page, and what its entries take that were written at `since` or later. */
static uint32_t survey(const mrr_page *p, uint64_t since, uint64_t *map, uint32_t *entries) {
  uint32_t bytes = MRR_MAP_BYTES;
  for (uint32_t at = sizeof *p; at < p->used; at += mrr_entry_bytes(mrr_page_entry(p, at))) {
    const mrr_entry *e = mrr_page_entry(p, at);
    if (e->value & MRR_ENTRY_FREE)
      continue;
    map[at >> 9] |= 1ull << (at >> 3 & 63);
    if (e->mark < since)
      continue;
    bytes += saved_bytes(e);
    ++*entries;
  }
  return bytes;
}

/* What it takes is known before its first byte is placed: head and contents
 * stay together. */
static void write_several(output *o, const mrr_page *p, uint32_t page, uint64_t since) {
  uint64_t map[MRR_MAP_WORDS] = {0};
  uint32_t entries = 0, bytes = survey(p, since, map, &entries);
  mrr_block_head *head = place(o, (uint32_t)sizeof *head + bytes);
  uint8_t *first = (uint8_t *)(head + 1), *into = first + sizeof map;
  *head = (mrr_block_head){page, entries, bytes, p->size, 0};
  memcpy(first, map, sizeof map);
  for (uint32_t at = sizeof *p; at < p->used; at += mrr_entry_bytes(mrr_page_entry(p, at))) {
    const mrr_entry *e = mrr_page_entry(p, at);
    if (e->value & MRR_ENTRY_FREE || e->mark < since)
      continue;
    mrr_entry_head entry = head_of(e);
    entry.value |= at >> 3 << MRR_PLACE_SHIFT;
    memcpy(into, &entry, sizeof entry);
    memcpy(into + sizeof entry, mrr_value(e), body_of(e));
    into += saved_bytes(e);
  }
  head->check = check_of(head, first, first + sizeof(mrr_entry_head),
                         bytes - (uint32_t)sizeof(mrr_entry_head));
}

/* From where it is. The bytes that fill an entry up to a multiple of 8 are zeros in pages too. */
static void write_large(output *o, const mrr_page *p, uint32_t page) {
  const mrr_entry *e = mrr_page_entry(p, sizeof *p);
  uint32_t bytes = saved_bytes(e), rest = bytes - (uint32_t)sizeof(mrr_entry_head);
  uint8_t *at = place(o, sizeof(mrr_block_head) + sizeof(mrr_entry_head));
  mrr_block_head head = {page, 1, bytes, 0, 0};
  mrr_entry_head entry = head_of(e);
  head.check = check_of(&head, &entry, mrr_value(e), rest);
  memcpy(at, &head, sizeof head);
  memcpy(at + sizeof head, &entry, sizeof entry);
  flush(o);
  write_all(o, mrr_value(e), rest);
  o->size += rest;
}

static void write_block(output *o, const mrr_image_page *p, uint64_t since) {
  if (!p->memory) {
    mrr_block_head *head = place(o, sizeof *head);
    head->page = p->page;
    head->check = check_of(head, NULL, NULL, 0);
  } else if (p->memory->large) {
    write_large(o, p->memory, p->page);
  } else {
    write_several(o, p->memory, p->page, since);
  }
}

/* Pages [from, to) are those of one group. */
static void write_piece(output *o, const mrr_image *m, uint64_t from, uint64_t to) {
  uint32_t sections = 0;
  for (uint64_t i = from; i < to; i++)
    sections += i == from || m->pages[i].table != m->pages[i - 1].table;
  o->size = 0;
  write_head(o, m, m->pages[from].group, sections);
  for (uint64_t i = from; i < to && !o->failed; i++) {
    if (i == from || m->pages[i].table != m->pages[i - 1].table) {
      uint64_t end = i;
      while (end < to && m->pages[end].table == m->pages[i].table)
        end++;
      write_section(o, m->store->shape.tables[m->pages[i].table], (uint32_t)(end - i));
    }
    write_block(o, &m->pages[i], m->since);
  }
  mrr_piece_tail *tail = place(o, sizeof *tail);
  tail->magic = MRR_PIECE_END;
  tail->size = o->size;
  tail->check = mrr_xxh3(tail, offsetof(mrr_piece_tail, check));
  flush(o);
}

mr_status mrr_keyed_save(mrr_image *m, const mrr_piece_sink *sink) {
  output o = {sink, m->buffer, 0, sizeof m->buffer, 0, 0};
  for (uint64_t from = 0, to; from < m->count && !o.failed; from = to) {
    for (to = from; to < m->count && m->pages[to].group == m->pages[from].group; to++)
      ;
    if (sink->group(sink->impl, m->pages[from].group) < 0)
      return MR_E_IO;
    write_piece(&o, m, from, to);
  }
  return o.failed ? MR_E_IO : MR_OK;
}
