/* SPDX-License-Identifier: Apache-2.0
 * The private structs of keyed state. All of them belong to the thread of the task; what an image
 * shares with the thread that saves it is said in keyed_image.c.
 *
 *   store -> table -> group -> slots   hash index: tag and ref of each entry     (keyed_index.c)
 *                           -> pages   entries, the only part that snapshots see (keyed_page.c)
 *                           -> order   entries with a subkey, sorted             (keyed_order.c)
 *
 * Each key group of each table has its own index and pages. So growing an index stops the task for
 * one group's entries only, and a group can be scanned, saved and moved alone.
 *
 * A ref names an entry: page number << 9 | offset in the page / 8. It is never 0, since a page
 * begins with its head, and it stays when the page is copied for an image. */
#ifndef MRR_KEYED_PRIVATE_H
#define MRR_KEYED_PRIVATE_H

#include "include/mrr.h"
#include "include/mrr_keyed.h"
#include <stddef.h>
#include <string.h>

#define MRR_PAGE_BYTES 4096u
#define MRR_LARGE_BYTES 1024u /* an entry above has a page of its own */
#define MRR_PAGES_MAX (1u << 23)
#define MRR_KEY_MAX 65535u
#define MRR_VALUE_MAX (1u << 20)
#define MRR_EDIT_LOGGED                                                                            \
  256u /* values up to here are copied to the log, larger entries replaced                         \
        */
#define MRR_TIDY 64u

/* Value, key and subkey follow, in this order. */
typedef struct mrr_entry {
  uint64_t hash;   /* of the key. In a free block: offset of the next free one */
  uint64_t mark;   /* `sequence` when it was made, moved or edited last */
  int64_t stamp;   /* of the last write, in the domain of the table's ttl */
  uint32_t value;  /* bytes, and MRR_ENTRY_*. In a free block: its bytes */
  uint16_t key;    /* bytes */
  uint16_t subkey; /* bytes */
} mrr_entry;
_Static_assert(sizeof(mrr_entry) == 32, "entries are multiples of 8 bytes, values 8-aligned");
enum {
  MRR_ENTRY_FREE = 1u << 31,
  MRR_ENTRY_GONE = 1u << 30, /* removed by this call; still linked, so that undo cannot fail */
  MRR_ENTRY_FLAGS = 3u << 30
};

typedef struct mrr_page {
  uint32_t size, used; /* bytes, this head included */
  uint32_t live;       /* entries that are not free */
  uint32_t first_free; /* offset of a free block; 0: none */
  uint32_t pins;       /* images that hold it, once it is replaced. The task's thread only */
  uint32_t large;      /* holds one entry */
  uint32_t reserved[2];
} mrr_page;
_Static_assert(sizeof(mrr_page) == 32, "the first entry begins at 32");

typedef struct mrr_page_ref {
  mrr_page *memory; /* NULL: there is none at this number */
  uint32_t version; /* of the store when it was last written, or taken away */
  uint32_t free;    /* bytes */
} mrr_page_ref;

typedef struct mrr_leaf mrr_leaf;

typedef struct mrr_group {
  uint64_t *slots; /* tag << 32 | ref; 0: empty */
  mrr_page_ref *pages;
  uint32_t mask, count; /* of slots; count has entries that are gone in it until keep */
  uint32_t page_count, page_room;
  uint32_t current; /* page to try first */
  uint32_t hole;    /* no page number below is unused */
  uint32_t version; /* of its newest page */
  uint32_t number;  /* key group */
  uint64_t size;    /* bytes of pages that hold several entries */
  uint64_t free;    /* of these */
  mrr_leaf **leaves;
  uint32_t leaf_count, leaf_room;
  uint64_t loaded; /* restore: version of the newest piece */
} mrr_group;

typedef struct mrr_keyed_table {
  const mr_table *declared;
  uint32_t number;
  uint32_t old_seen, old_version, old_size; /* restore: what the pages were written with */
  uint32_t reserved0;
  int64_t clock; /* now in the domain of its ttl */
  uint64_t entries, bytes;
  mrr_group *groups; /* of group_first and so on */
} mrr_keyed_table;

/* What a call changed, newest last; the bytes of an edited value stand before their record. */
typedef struct mrr_change {
  uint64_t mark;
  int64_t stamp;
  uint16_t kind, was_gone;
  uint16_t table, group; /* group: of the instance, from 0 */
  uint32_t before, after;
  uint32_t size; /* bytes of the value, rounded up to 8 */
  uint32_t reserved0;
} mrr_change;
enum { MRR_INSERTED = 1, MRR_REPLACED = 2, MRR_REMOVED = 3, MRR_EDITED = 4 };

typedef struct mrr_log_chunk {
  struct mrr_log_chunk *previous;
  uint32_t used, size;
} mrr_log_chunk;
typedef struct mrr_log_place {
  mrr_log_chunk *chunk;
  uint32_t used;
} mrr_log_place;

/* One entry of an array that was passed in. */
typedef struct mrr_aim {
  mrr_group *group;
  mrr_entry *entry;
  uint32_t tag, fresh;
} mrr_aim;

typedef struct mrr_image_page {
  mrr_page *memory; /* NULL: taken away since the base */
  uint32_t page;
  uint16_t table, group;
} mrr_image_page;

struct mrr_image {
  mrr_keyed *store; /* only what never changes may be read from it by save */
  uint64_t bytes, epoch, base_epoch;
  uint32_t base, version; /* holds the pages of versions (base, version] */
  uint64_t since;         /* of them, the entries with this mark or a newer one */
  uint32_t releasing;
  uint64_t cursor; /* pages below are released: mrr_page_key */
  uint64_t next;   /* of pages */
  uint64_t count;
  mrr_image_page *pages; /* by group, table, page */
  uint8_t buffer[2 * MRR_PAGE_BYTES];
};

typedef struct mrr_frozen_epoch {
  uint64_t epoch, sequence;
  uint32_t version;
} mrr_frozen_epoch;
#define MRR_FROZEN_EPOCHS 32u

struct mrr_keyed {
  mrr_memory memory;
  mrr_keyed_shape shape;
  uint32_t group_count;
  uint32_t in_call;
  uint64_t sequence, call_first; /* of writes; the first one of this call */
  uint64_t entries, bytes, frozen, log_bytes;
  uint32_t version; /* pages written now get it; raised by each freeze */
  uint32_t base;    /* version of the newest complete epoch; 0: none */
  uint64_t base_epoch, base_sequence;
  mrr_frozen_epoch epochs[MRR_FROZEN_EPOCHS];
  uint32_t epoch_count;
  uint32_t freeing; /* changes in the log that free something when kept */
  mrr_image *images[MRR_KEYED_IMAGES];
  mrr_log_chunk *log;
  mrr_aim *aims;
  uint64_t aim_room;
  uint32_t sweep_table, sweep_group, sweep_page, sweep_offset;
  uint32_t evacuate_page;
  mrr_group *emptied; /* group of the last entry freed */
  mrr_keyed_table *emptied_table;
  mrr_keyed_table tables[];
};

/* ---- shorthands ------------------------------------------------------------------ */

static inline mrr_entry *mrr_page_entry(const mrr_page *p, uint32_t offset) {
  return (mrr_entry *)(void *)((uint8_t *)(uintptr_t)p + offset);
}
static inline mrr_entry *mrr_entry_at(const mrr_group *g, uint32_t ref) {
  return mrr_page_entry(g->pages[ref >> 9].memory, (ref & 511) << 3);
}
static inline uint32_t mrr_value_size(const mrr_entry *e) { return e->value & ~MRR_ENTRY_FLAGS; }
static inline uint8_t *mrr_value(const mrr_entry *e) { return (uint8_t *)(uintptr_t)(e + 1); }
static inline uint8_t *mrr_key(const mrr_entry *e) { return mrr_value(e) + mrr_value_size(e); }
static inline uint8_t *mrr_subkey(const mrr_entry *e) { return mrr_key(e) + e->key; }
static inline uint32_t mrr_entry_need(uint64_t key, uint64_t subkey, uint64_t value) {
  return (uint32_t)((sizeof(mrr_entry) + key + subkey + value + 7) & ~7ull);
}
static inline uint32_t mrr_entry_bytes(const mrr_entry *e) {
  uint32_t value = mrr_value_size(e);
  return e->value & MRR_ENTRY_FREE ? value : mrr_entry_need(e->key, e->subkey, value);
}
static inline mr_str mrr_bytes(const void *data, uint64_t size) {
  mr_str s = {(const char *)data, size};
  return s;
}
static inline mr_str mrr_entry_key(const mrr_entry *e) { return mrr_bytes(mrr_key(e), e->key); }
static inline mr_str mrr_entry_subkey(const mrr_entry *e) {
  return mrr_bytes(mrr_subkey(e), e->subkey);
}
static inline uint32_t mrr_entry_tag(uint64_t hash, mr_str subkey) {
  if (subkey.size)
    hash = (hash ^ mrr_xxh3(subkey.data, subkey.size)) * 0x9E3779B97F4A7C15ull;
  return (uint32_t)(hash >> 32);
}
/* Not written for `ttl`. Before the first watermark nothing expires. */
static inline int mrr_expired(const mrr_keyed_table *t, const mrr_entry *e) {
  int64_t end;
  if (t->declared->ttl <= 0 || t->clock == INT64_MIN || e->stamp == INT64_MIN)
    return 0;
  return !__builtin_add_overflow(e->stamp, t->declared->ttl, &end) && t->clock >= end;
}
static inline int mrr_visible(const mrr_keyed_table *t, const mrr_entry *e) {
  return !(e->value & MRR_ENTRY_FLAGS) && !mrr_expired(t, e);
}
/* Pages in the order in which an image holds them. */
static inline uint64_t mrr_page_key(uint32_t group, uint32_t table, uint32_t page) {
  return (uint64_t)group << 40 | (uint64_t)table << 24 | page;
}

/* keyed.c */
void *mrr_keyed_take(mrr_keyed *s, mrr_keyed_table *t, uint64_t bytes);
void mrr_keyed_give(mrr_keyed *s, mrr_keyed_table *t, void *memory, uint64_t bytes);
void mrr_keyed_clear_group(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g);

/* keyed_page.c */
mrr_page *mrr_page_writable(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page);
int mrr_page_make(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page, uint32_t size,
                  uint32_t large);
void mrr_page_detach(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t page);
uint32_t mrr_entry_alloc(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t bytes);
int mrr_entry_freeable(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref);
void mrr_entry_free(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref, int release);

/* keyed_index.c */
int mrr_index_room(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t more);
uint64_t *mrr_index_find(const mrr_group *g, uint32_t tag, const mr_kv *kv);
uint64_t *mrr_index_slot(const mrr_group *g, uint32_t tag, uint32_t ref);
void mrr_index_insert(mrr_group *g, uint32_t tag, uint32_t ref);
void mrr_index_remove(mrr_group *g, uint64_t *slot);

/* keyed_order.c */
typedef struct mrr_probe {
  uint64_t hash;
  mr_str key, subkey;
  uint32_t after; /* 0: the first entry that is not below; 1: the first above */
  uint32_t end;   /* 1: above all entries of the key, whatever the subkey */
} mrr_probe;
typedef struct mrr_place {
  uint32_t leaf, at;
} mrr_place;
mrr_place mrr_order_find(const mrr_group *g, const mrr_probe *p);
uint32_t mrr_order_ref(const mrr_group *g, mrr_place at); /* 0: past the end */
int mrr_order_next(const mrr_group *g, mrr_place *at);
int mrr_order_back(const mrr_group *g, mrr_place *at);
int mrr_order_insert(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref);
void mrr_order_replace(mrr_group *g, uint32_t ref, uint32_t with);
void mrr_order_remove(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref);
void mrr_order_clear(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g);

/* keyed_log.c */
mrr_change *mrr_log(mrr_keyed *s, uint16_t kind, const mrr_keyed_table *t, const mrr_group *g,
                    const void *value, uint32_t size);
mrr_log_place mrr_log_here(const mrr_keyed *s);
void mrr_log_undo(mrr_keyed *s, mrr_log_place to, int release);
void mrr_log_keep(mrr_keyed *s);
void mrr_unlink(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref, int release);

/* keyed_write.c */
mr_status mrr_keyed_insert(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t tag,
                           const mr_kv *kv);

/* keyed_tidy.c */
void mrr_tidy(mrr_keyed *s, uint32_t entries);

/* keyed_scan.c, keyed_batch.c, keyed_write.c */
mr_status mrr_keyed_get(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n);
mr_status mrr_keyed_put(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n);
mr_status mrr_keyed_remove(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n);
mr_status mrr_keyed_edit(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n);
mr_status mrr_keyed_scan(mr_ctx *c, uint32_t table, mr_scan *scan, mr_kv *kv, uint64_t room,
                         uint64_t *n);
mrr_keyed *mrr_keyed_of(const mr_ctx *c);

mr_status mrr_batch_begin(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n, mrr_keyed **store,
                          mrr_keyed_table **out);
mrr_aim *mrr_batch_aim(mrr_keyed *s, mrr_keyed_table *t, const mr_kv *kv, uint64_t n, uint64_t i);

/* keyed_image.c */
uint32_t mrr_image_pins(const mrr_keyed *s, uint32_t version, uint64_t key);
int mrr_image_collect(mrr_keyed *s, uint32_t pages);

#endif
