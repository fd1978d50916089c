/* SPDX-License-Identifier: Apache-2.0
 * Reads pieces (keyed_piece.h) into an empty store: pages at their old numbers first, so that
 * increments can replace them; index and order at the end.
 *
 * Nothing in a piece is believed before it has been compared with what is there. A page number is
 * bounded by the budget, which the directory that it asks for is part of. Entries of another
 * version of their table stay in pages until the end and then go through `migrate`; until then no
 * index knows them, so they are never seen.
 *
 * The reader: piece head and tail; per section its head and table; per block its head, its check,
 * then each entry's sizes, group and fixed value size. A page is laid out beside the one it
 * replaces, from which the entries come that are in its map and do not follow; it takes the place
 * only when all of it fits. */
#include "keyed.h"
#include "keyed_piece.h"

typedef struct input {
  const uint8_t *at;
  uint64_t left;
  mrr_keyed *s;
  mrr_restore_report *report;
  uint32_t group;
} input;

static mr_status refused(input *in, const char *reason) {
  in->report->reason = reason;
  in->report->group = in->group;
  return MR_E_STATE;
}

static int get(input *in, void *into, uint64_t size) {
  if (in->left < size)
    return 0;
  memcpy(into, in->at, size);
  in->at += size;
  in->left -= size;
  return 1;
}

static int is_end(const void *piece, uint64_t size) {
  mrr_piece_tail tail;
  if (size < sizeof(mrr_piece_head) + sizeof tail)
    return 0;
  memcpy(&tail, (const uint8_t *)piece + size - sizeof tail, sizeof tail);
  return tail.magic == MRR_PIECE_END && tail.reserved0 == 0 && tail.size == size &&
         tail.check == mrr_xxh3(&tail, offsetof(mrr_piece_tail, check));
}

/* Finds the table; *t is NULL where it is not declared any more. */
static mr_status table_of(input *in, const mrr_section_head *head, mrr_keyed_table **t) {
  mrr_keyed *s = in->s;
  *t = NULL;
  if (head->check != mrr_xxh3(head, offsetof(mrr_section_head, check)) ||
      head->name[sizeof head->name - 1] || head->reserved0)
    return refused(in, "a damaged section");
  memcpy(in->report->name, head->name, sizeof head->name);
  in->report->version = head->version;
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    const char *name = s->shape.tables[i]->name;
    uint64_t size = 0;
    while (size < sizeof head->name - 1 && name[size])
      size++;
    if (memcmp(name, head->name, size) == 0 && head->name[size] == 0)
      *t = &s->tables[i];
  }
  if (!*t)
    return MR_OK;
  if (head->version == (*t)->declared->version && head->value_size != (*t)->declared->value_size)
    return refused(in, "a table of this version with another size of value");
  if ((*t)->old_seen && ((*t)->old_version != head->version || (*t)->old_size != head->value_size))
    return refused(in, "pieces of two versions of one table");
  (*t)->old_seen = 1;
  (*t)->old_version = head->version;
  (*t)->old_size = head->value_size;
  return MR_OK;
}

/* Bytes of the entry, saved; 0: it is none. `*place` is in units of 8 bytes. */
static uint32_t believable(const input *in, const uint8_t *at, uint32_t left, uint32_t value_size,
                           mrr_entry_head *e, uint32_t *place) {
  if (left < sizeof *e)
    return 0;
  memcpy(e, at, sizeof *e);
  *place = e->value >> MRR_PLACE_SHIFT;
  e->value &= (1u << MRR_PLACE_SHIFT) - 1;
  if (e->value > MRR_VALUE_MAX || (value_size && e->value != value_size) ||
      (e->hash & (MRR_KEYED_GROUPS - 1)) != in->group)
    return 0;
  uint32_t bytes = ((uint32_t)sizeof *e + e->value + e->key + e->subkey + 7) & ~7u;
  return bytes <= left ? bytes : 0;
}

static uint64_t check_of(const mrr_block_head *head, const uint8_t *bytes) {
  uint64_t check = mrr_xxh3(head, offsetof(mrr_block_head, check));
  if (!head->bytes)
    return check;
  return check + 3 * mrr_xxh3(bytes, sizeof(mrr_entry_head)) +
         5 * mrr_xxh3(bytes + sizeof(mrr_entry_head), head->bytes - sizeof(mrr_entry_head));
}

static void set_entry(mrr_page *p, const mrr_entry_head *e, const uint8_t *body, uint32_t size) {
  mrr_entry *to = mrr_page_entry(p, p->used);
  *to = (mrr_entry){e->hash, 0, e->stamp, e->value, e->key, e->subkey};
  memcpy(to + 1, body, size);
  p->used += mrr_entry_bytes(to);
  p->live++;
}

/* Makes what lies between the end of the page and `to` a free block. */
static int gap(mrr_page *p, uint32_t to) {
  uint32_t bytes = to - p->used;
  if (to < p->used || (bytes && bytes < sizeof(mrr_entry)))
    return 0;
  if (bytes) {
    mrr_entry *free = mrr_page_entry(p, p->used);
    *free = (mrr_entry){p->first_free, 0, 0, MRR_ENTRY_FREE | bytes, 0, 0};
    p->first_free = p->used;
    p->used = to;
  }
  return 1;
}

static void map_of(const mrr_page *p, uint64_t *map) {
  for (uint32_t at = sizeof *p; p && !p->large && at < p->used;
       at += mrr_entry_bytes(mrr_page_entry(p, at)))
    if (!(mrr_page_entry(p, at)->value & MRR_ENTRY_FREE))
      map[at >> 9] |= 1ull << (at >> 3 & 63);
}

/* Lays out a page in `p`, with the entries that follow the map and those that
 * stay of `old`, which may be NULL. Bytes of entries, or UINT32_MAX: it cannot
 * be. */
static uint32_t lay_out(const input *in, const mrr_block_head *head, const uint8_t *bytes,
                        uint32_t value_size, const mrr_page *old, mrr_page *p) {
  uint64_t map[MRR_MAP_WORDS], before[MRR_MAP_WORDS] = {0};
  uint32_t at = sizeof map, follow = 0, total = 0, place = 0, size = 0;
  mrr_entry_head e;
  memcpy(map, bytes, sizeof map);
  map_of(old, before);
  memset(p, 0, sizeof *p);
  p->size = head->size;
  p->used = sizeof *p;
  for (uint32_t unit = 0; unit < MRR_PAGE_BYTES / 8; unit++) {
    uint64_t bit = 1ull << (unit & 63);
    if (!(map[unit >> 6] & bit))
      continue;
    if (!size && at < head->bytes &&
        !(size = believable(in, bytes + at, head->bytes - at, value_size, &e, &place)))
      return UINT32_MAX;
    int is_new = size && place == unit;
    if (!is_new && !(before[unit >> 6] & bit))
      return UINT32_MAX;
    uint32_t need = is_new ? mrr_entry_need(e.key, e.subkey, e.value)
                           : mrr_entry_bytes(mrr_page_entry(old, unit << 3));
    if (need > MRR_LARGE_BYTES || (unit << 3) + need > head->size || !gap(p, unit << 3))
      return UINT32_MAX;
    total += need;
    if (is_new) {
      set_entry(p, &e, bytes + at + sizeof e, size - (uint32_t)sizeof e);
      at += size;
      size = 0;
      follow++;
    } else {
      memcpy(mrr_page_entry(p, p->used), mrr_page_entry(old, unit << 3), need);
      p->used += need;
      p->live++;
    }
  }
  return at == head->bytes && follow == head->entries ? total : UINT32_MAX;
}

static mr_status read_several(input *in, mrr_keyed_table *t, mrr_group *g,
                              const mrr_block_head *head, const uint8_t *bytes,
                              uint32_t value_size) {
  union {
    mrr_page page;
    uint8_t bytes[MRR_PAGE_BYTES];
  } room;
  mrr_page *old = head->page < g->page_count ? g->pages[head->page].memory : NULL;
  uint32_t total = lay_out(in, head, bytes, value_size, old, &room.page);
  if (total == UINT32_MAX)
    return refused(in, "a page that cannot be");
  if (old)
    mrr_page_detach(in->s, t, g, head->page);
  if (!mrr_page_make(in->s, t, g, head->page, head->size, 0))
    return MR_E_NOMEM;
  memcpy(g->pages[head->page].memory, &room, room.page.used);
  g->pages[head->page].free -= total;
  g->free -= total;
  return MR_OK;
}

/* A page with one entry, or without. */
static mr_status read_one(input *in, mrr_keyed_table *t, mrr_group *g, const mrr_block_head *head,
                          const uint8_t *bytes, uint32_t value_size) {
  mrr_entry_head e;
  uint32_t need = 0, place;
  if (head->entries) {
    uint32_t size = believable(in, bytes, head->bytes, value_size, &e, &place);
    need = size ? mrr_entry_need(e.key, e.subkey, e.value) : 0;
    if (size != head->bytes || head->entries != 1 || place || need <= MRR_LARGE_BYTES)
      return refused(in, "an entry that cannot be");
  }
  if (head->page < g->page_count && g->pages[head->page].memory)
    mrr_page_detach(in->s, t, g, head->page);
  if (!head->entries)
    return MR_OK;
  if (!mrr_page_make(in->s, t, g, head->page, (uint32_t)sizeof(mrr_page) + need, 1))
    return MR_E_NOMEM;
  set_entry(g->pages[head->page].memory, &e, bytes + sizeof e, head->bytes - (uint32_t)sizeof e);
  return MR_OK;
}

static int is_page_size(uint32_t size) {
  return size == 512 || size == 1024 || size == 2048 || size == MRR_PAGE_BYTES;
}

/* `t` NULL: the block is read and left. */
static mr_status read_block(input *in, mrr_keyed_table *t, const mrr_section_head *section,
                            uint64_t *next) {
  mrr_block_head head;
  if (!get(in, &head, sizeof head) || head.bytes > in->left ||
      (head.size && !is_page_size(head.size)))
    return refused(in, "a damaged block");
  uint32_t least = head.size ? MRR_MAP_BYTES : (uint32_t)sizeof(mrr_entry_head);
  if (head.size || head.entries ? head.bytes < least : head.bytes != 0)
    return refused(in, "a damaged block");
  const uint8_t *bytes = in->at;
  in->at += head.bytes;
  in->left -= head.bytes;
  if (head.check != check_of(&head, bytes))
    return refused(in, "a block with a wrong check");
  if (head.page < *next || head.page >= MRR_PAGES_MAX)
    return refused(in, "a page number out of order");
  *next = (uint64_t)head.page + 1;
  if (!t) {
    in->report->dropped += head.entries;
    return MR_OK;
  }
  mrr_group *g = &t->groups[in->group - in->s->shape.group_first];
  return (head.size ? read_several : read_one)(in, t, g, &head, bytes, section->value_size);
}

static mr_status read_section(input *in) {
  mrr_section_head head;
  mrr_keyed_table *t = NULL;
  uint64_t next = 0;
  if (!get(in, &head, sizeof head))
    return refused(in, "a piece that ends too early");
  mr_status status = table_of(in, &head, &t);
  for (uint32_t i = 0; i < head.blocks && status == MR_OK; i++)
    status = read_block(in, t, &head, &next);
  return status;
}

/* Increments add to something not younger; a full piece begins the group anew. */
static mr_status begin_group(input *in, const mrr_piece_head *head) {
  mrr_keyed *s = in->s;
  uint32_t at = in->group - s->shape.group_first;
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    mrr_group *g = &s->tables[i].groups[at];
    if (head->flags & MRR_PIECE_FULL)
      mrr_keyed_clear_group(s, &s->tables[i], g);
    else if (g->loaded > head->base)
      return refused(in, "an increment against an older epoch than was read");
    g->loaded = head->epoch;
  }
  return MR_OK;
}

mr_status mrr_keyed_restore_piece(mrr_keyed *s, const void *piece, uint64_t size,
                                  mrr_restore_report *report) {
  input in = {piece, size, s, report, 0};
  mrr_piece_head head;
  if (!is_end(piece, size) || !get(&in, &head, sizeof head))
    return refused(&in, "a piece without its end");
  if (head.magic != MRR_PIECE_MAGIC || head.flags & ~MRR_PIECE_FULL ||
      head.check != mrr_xxh3(&head, offsetof(mrr_piece_head, check)))
    return refused(&in, "a damaged piece");
  if (head.version != MRR_PIECE_VERSION)
    return refused(&in, "a format that is not known");
  in.group = head.group;
  in.left -= sizeof(mrr_piece_tail);
  if (head.group < s->shape.group_first || head.group > s->shape.group_last)
    return MR_OK;
  mr_status status = begin_group(&in, &head);
  for (uint32_t i = 0; i < head.sections && status == MR_OK; i++)
    status = read_section(&in);
  if (status == MR_OK && in.left)
    status = refused(&in, "a piece with too much in it");
  return status;
}
