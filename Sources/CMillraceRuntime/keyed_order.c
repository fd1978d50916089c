/* SPDX-License-Identifier: Apache-2.0
 * The order of a group: its entries with a subkey, sorted by key hash, key and subkey, bytewise.
 *
 * An array of leaves, each with up to LEAF entries; no leaf is empty. Entries with an empty subkey
 * are not here: they come first of their key and the hash index finds them, so a table with one
 * value per key pays nothing. Half of a full leaf moves out, except at the end of the last one,
 * where entries are appended in order: that leaf stays full. */
#include "keyed.h"

#define LEAF 60u

struct mrr_leaf {
  uint64_t count;
  uint64_t hash[LEAF];
  uint32_t ref[LEAF];
};

static int compare_bytes(mr_str a, mr_str b) {
  uint64_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Is what is sought behind this entry? */
static int is_behind(const mrr_group *g, const mrr_leaf *leaf, uint32_t at, const mrr_probe *p) {
  if (p->hash != leaf->hash[at])
    return p->hash > leaf->hash[at];
  const mrr_entry *e = mrr_entry_at(g, leaf->ref[at]);
  int order = compare_bytes(p->key, mrr_entry_key(e));
  if (order == 0)
    order = p->end ? 1 : compare_bytes(p->subkey, mrr_entry_subkey(e));
  return order > 0 || (order == 0 && p->after);
}

/* The first place that what is sought is not behind of; it may be past the end. */
mrr_place mrr_order_find(const mrr_group *g, const mrr_probe *p) {
  uint32_t low = 0, high = g->leaf_count;
  while (low < high) { /* leaves whose first entry is too low */
    uint32_t middle = low + (high - low) / 2;
    if (is_behind(g, g->leaves[middle], 0, p))
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0)
    return (mrr_place){0, 0};
  const mrr_leaf *leaf = g->leaves[low - 1];
  uint32_t from = 1, to = (uint32_t)leaf->count;
  while (from < to) {
    uint32_t middle = from + (to - from) / 2;
    if (is_behind(g, leaf, middle, p))
      from = middle + 1;
    else
      to = middle;
  }
  return from < leaf->count ? (mrr_place){low - 1, from} : (mrr_place){low, 0};
}

uint32_t mrr_order_ref(const mrr_group *g, mrr_place at) {
  return at.leaf < g->leaf_count ? g->leaves[at.leaf]->ref[at.at] : 0;
}

int mrr_order_next(const mrr_group *g, mrr_place *at) {
  if (++at->at >= g->leaves[at->leaf]->count)
    *at = (mrr_place){at->leaf + 1, 0};
  return at->leaf < g->leaf_count;
}

/* 0: it was the first. */
int mrr_order_back(const mrr_group *g, mrr_place *at) {
  if (at->at == 0) {
    if (at->leaf == 0)
      return 0;
    *at = (mrr_place){at->leaf - 1, (uint32_t)g->leaves[at->leaf - 1]->count};
  }
  at->at--;
  return 1;
}

static int top_room(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g) {
  if (g->leaf_count < g->leaf_room)
    return 1;
  uint32_t room = g->leaf_room ? g->leaf_room * 2 : 4;
  mrr_leaf **wider = mrr_keyed_take(s, t, room * sizeof *wider);
  if (!wider)
    return 0;
  if (g->leaves) {
    memcpy(wider, g->leaves, g->leaf_count * sizeof *wider);
    mrr_keyed_give(s, t, g->leaves, g->leaf_room * sizeof *wider);
  }
  g->leaves = wider;
  g->leaf_room = room;
  return 1;
}

static mrr_leaf *leaf_made(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t at) {
  if (!top_room(s, t, g))
    return NULL;
  mrr_leaf *leaf = mrr_keyed_take(s, t, sizeof *leaf);
  if (!leaf)
    return NULL;
  leaf->count = 0;
  memmove(g->leaves + at + 1, g->leaves + at, (g->leaf_count - at) * sizeof *g->leaves);
  g->leaves[at] = leaf;
  g->leaf_count++;
  return leaf;
}

/* 0: no memory; nothing has changed. */
int mrr_order_insert(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  const mrr_entry *e = mrr_entry_at(g, ref);
  mrr_probe probe = {e->hash, mrr_entry_key(e), mrr_entry_subkey(e), 0, 0};
  mrr_place to = mrr_order_find(g, &probe);
  if (to.at == 0 && to.leaf > 0) /* rather behind the last of a leaf than before the first */
    to = (mrr_place){to.leaf - 1, (uint32_t)g->leaves[to.leaf - 1]->count};
  if (g->leaf_count == 0 && !leaf_made(s, t, g, 0))
    return 0;
  mrr_leaf *leaf = g->leaves[to.leaf];
  if (leaf->count == LEAF) {
    uint32_t stay = to.at == LEAF && to.leaf + 1 == g->leaf_count ? LEAF : LEAF / 2;
    mrr_leaf *right = leaf_made(s, t, g, to.leaf + 1);
    if (!right)
      return 0;
    right->count = LEAF - stay;
    memcpy(right->hash, leaf->hash + stay, right->count * sizeof *leaf->hash);
    memcpy(right->ref, leaf->ref + stay, right->count * sizeof *leaf->ref);
    leaf->count = stay;
    if (to.at > stay || stay == LEAF) {
      leaf = right;
      to.at -= stay;
    }
  }
  uint64_t behind = leaf->count - to.at;
  memmove(leaf->hash + to.at + 1, leaf->hash + to.at, behind * sizeof *leaf->hash);
  memmove(leaf->ref + to.at + 1, leaf->ref + to.at, behind * sizeof *leaf->ref);
  leaf->hash[to.at] = e->hash;
  leaf->ref[to.at] = ref;
  leaf->count++;
  return 1;
}

static mrr_place place_of(const mrr_group *g, uint32_t ref) {
  const mrr_entry *e = mrr_entry_at(g, ref);
  mrr_probe probe = {e->hash, mrr_entry_key(e), mrr_entry_subkey(e), 0, 0};
  return mrr_order_find(g, &probe);
}

/* Another entry of the same key and subkey takes its place. */
void mrr_order_replace(mrr_group *g, uint32_t ref, uint32_t with) {
  mrr_place at = place_of(g, ref);
  g->leaves[at.leaf]->ref[at.at] = with;
}

void mrr_order_remove(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  mrr_place at = place_of(g, ref);
  mrr_leaf *leaf = g->leaves[at.leaf];
  uint64_t behind = --leaf->count - at.at;
  memmove(leaf->hash + at.at, leaf->hash + at.at + 1, behind * sizeof *leaf->hash);
  memmove(leaf->ref + at.at, leaf->ref + at.at + 1, behind * sizeof *leaf->ref);
  if (leaf->count)
    return;
  mrr_keyed_give(s, t, leaf, sizeof *leaf);
  g->leaf_count--;
  memmove(g->leaves + at.leaf, g->leaves + at.leaf + 1,
          (g->leaf_count - at.leaf) * sizeof *g->leaves);
}

void mrr_order_clear(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g) {
  for (uint32_t i = 0; i < g->leaf_count; i++)
    mrr_keyed_give(s, t, g->leaves[i], sizeof(mrr_leaf));
  if (g->leaves)
    mrr_keyed_give(s, t, g->leaves, g->leaf_room * sizeof *g->leaves);
  g->leaves = NULL;
  g->leaf_count = g->leaf_room = 0;
}
